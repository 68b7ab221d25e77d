//! One's own page: who the program thinks one is, the password, and where one is signed in.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    App, audit,
    domain::locale::Locale,
    postgres::{
        sessions::{self, Device},
        tx,
    },
    sign_in::{
        self, passwords, proof,
        second_factor_db::{self, Status},
        session,
    },
    users::{
        self,
        leaves_db::{self, Leave},
    },
    web::{
        auth::Viewer,
        error::Error,
        form::{Errors, Form, Nothing, Path},
        once,
        page::{Page, answer},
        routes::Routes,
        toast::{self, Toast},
        ui::Choice,
    },
};

/// What is chosen by whoever has chosen nothing.
const AS_COMPANY: &str = "As the company";

/// `/profile` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/profile", show)
        .post("/profile/password", change_password)
        .post("/profile/formats", choose_formats)
        .post("/profile/sign-out-elsewhere", sign_out_elsewhere)
        .post("/profile/sessions/{key}/end", end_session)
}

#[derive(Template)]
#[template(path = "profile/show.html")]
struct ProfilePage {
    page: Page,
    me: Viewer,
    email: Option<String>,
    /// The second factor, where it is on.
    second_factor: Option<Status>,
    devices: Vec<Device>,
    leaves: Vec<Leave>,
    errors: Errors,
}

impl ProfilePage {
    fn own_locale(&self) -> &'static str {
        self.me.own_locale.map_or("company", Locale::as_str)
    }
}

async fn show(State(app): State<App>, me: Viewer, page: Page) -> Result<Response, Error> {
    draw(&app, me, page, Errors::new()).await
}

async fn draw(app: &App, me: Viewer, page: Page, errors: Errors) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let leaves = leaves_db::of(&mut read, me.scope.org, me.id).await?;
    let second_factor = second_factor_db::status(&mut read, me.scope.org, me.id).await?;
    drop(read);
    // Where and with what somebody signs in is nobody else's business.
    if me.behind.is_some() {
        let nothing = ProfilePage { page, me, email: None, second_factor: None, devices: vec![], leaves, errors };
        return answer(nothing.errors.status(), nothing);
    }
    let email = sign_in::db::of_user(&app.db, me.scope.org, me.id, me.now).await?.map(|mine| mine.email);
    let zone = &me.company.time_zone;
    let devices = sessions::devices(&app.db, me.scope.org, me.id, &me.session, me.now, zone).await?;
    answer(errors.status(), ProfilePage { page, me, email, second_factor, devices, leaves, errors })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current_password: String,
    code: String,
    new_password: String,
    repeat_password: String,
}

async fn change_password(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { once, fields, .. }: Form<PasswordForm>,
) -> Result<Response, Error> {
    let Some(mine) = sign_in::db::of_user(&app.db, me.scope.org, me.id, me.now).await? else {
        return Err(Error::NotFound);
    };
    let about = [me.company.name.as_str(), &me.name, &mine.email];
    let mut errors = passwords::check_new(&app, &fields.new_password, &fields.repeat_password, &about).await?;
    if errors.is_empty() && fields.current_password == fields.new_password {
        errors.add("new_password", "This is the password that you have now. Choose another one.");
    }
    if me.second_factor && fields.code.trim().is_empty() {
        errors.add("code", "Code is missing.");
    }
    if errors.is_empty() && !proof::is_mine(&app, &me, fields.current_password, &fields.code).await? {
        errors.add("current_password", proof::not_mine(&me));
    }
    if !errors.is_empty() {
        return draw(&app, me, page, errors).await;
    }
    let hash = passwords::hash(&app, fields.new_password).await?;
    let response = match once::begin(&app, &me, once).await {
        Ok(mut write) => {
            sign_in::db::set_password(&mut write, me.id, &mine.email, &hash).await?;
            sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
            audit::db::record(&mut write, "user.password_changed", &format!("/users/{}", me.id), json!({})).await?;
            write.done("/profile").await?
        }
        // The session is renewed for a twin too: the browser keeps the cookie of the last answer only.
        Err(sent_before @ Error::SentBefore(_)) => sent_before.into_response(),
        Err(error) => return Err(error),
    };
    let token = session::renew(&app, &me).await?;
    let toast = Toast::new("Your password is changed, and you are signed out everywhere else");
    Ok(toast::with(session::give(&app, response, &token), &toast))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FormatsForm {
    locale: String,
}

/// The person's own form of numbers and dates, or none: then that of the company.
async fn choose_formats(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { once, fields, .. }: Form<FormatsForm>,
) -> Result<Response, Error> {
    let chosen = Locale::parse(&fields.locale);
    if chosen.is_none() && fields.locale != "company" {
        let mut errors = Errors::new();
        errors.add("locale", "Choose how numbers and dates are written.");
        return draw(&app, me, page, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    users::db::set_locale(&mut write, me.id, chosen).await?;
    let kept = |locale: Option<Locale>| json!({ "numbers and dates": locale.map_or(AS_COMPANY, Locale::label) });
    let detail = json!({ "old": kept(me.own_locale), "new": kept(chosen) });
    audit::db::record(&mut write, "user.formats_chosen", &format!("/users/{}", me.id), detail).await?;
    write.done_saying("/profile", &Toast::new("Numbers and dates are written as you chose")).await
}

/// How numbers and dates may be written.
fn locales() -> Vec<Choice> {
    let own = Locale::ALL.map(|locale| Choice::new(locale.as_str(), locale.label()));
    [Choice::new("company", AS_COMPANY)].into_iter().chain(own).collect()
}

async fn sign_out_elsewhere(
    State(app): State<App>,
    me: Viewer,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
    audit::db::record(&mut write, "user.signed_out_elsewhere", &format!("/users/{}", me.id), json!({})).await?;
    write.done_saying("/profile", &Toast::new("You are signed out everywhere else")).await
}

/// Signs one of the person's browsers out.
async fn end_session(
    State(app): State<App>,
    me: Viewer,
    Path(key): Path<String>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    if !sessions::end_one(&mut write, me.id, &key).await? {
        return Err(Error::NotFound);
    }
    audit::db::record(&mut write, "user.session_ended", &format!("/users/{}", me.id), json!({})).await?;
    write.done_saying("/profile", &Toast::new("That browser is signed out")).await
}

/// Where the button beside a browser leads.
pub fn end(device: &Device) -> String {
    format!("/profile/sessions/{}/end", device.key)
}

/// What people call a browser, read from what it says of itself: "Firefox on Windows".
pub fn device_name(user_agent: &str) -> String {
    // The first that fits: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ];
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) if user_agent.is_empty() => "A browser without a name".to_owned(),
        (None, _) => user_agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_names() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.0", "curl/8.0"),
            ("", "A browser without a name"),
        ] {
            assert_eq!(device_name(user_agent), name);
        }
    }
}
