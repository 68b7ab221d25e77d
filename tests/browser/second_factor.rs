//! A person turns the second factor on, keeps the recovery codes, and signs in with a code.

use attain::{
    App,
    clock::Clock,
    domain::{access::Role, id::OrgId, money::Currency},
    organizations::{self, db::NewOrganization},
    postgres::tx,
    sign_in::{self, passwords},
    users::{self, db::Details},
};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{phone::Phone, window::Window};

pub const NOW: OffsetDateTime = datetime!(2026-11-19 09:00 UTC);
const EMAIL: &str = "ingrid@example.com";
const PASSWORD: &str = "tuba paraffin nebel kran";

/// A company with one person who can sign in.
pub async fn person(app: &App) {
    let mut tx = tx::write_as_owner(&app.db, OrgId(0), NOW).await.unwrap();
    let new = NewOrganization {
        name: "Nordlys".to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: "Europe/Oslo".to_owned(),
    };
    let org = organizations::db::create(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = tx::write(&app.db, org, None, Clock::Fixed(NOW)).await.unwrap();
    let details = Details { name: "Ingrid Solberg".to_owned(), email: Some(EMAIL.to_owned()), ..Details::default() };
    let id = users::db::insert(&mut tx, &details).await.unwrap();
    users::db::set_roles(&mut tx, id, &[Role::Rep]).await.unwrap();
    let hash = passwords::hash_here(PASSWORD).unwrap();
    sign_in::db::set_password(&mut tx, id, EMAIL, &hash).await.unwrap();
    tx.commit().await.unwrap();
}

/// `later` is the same application a minute later: a code counts once.
pub async fn go(window: &mut Window, later: &str) {
    window.open("/sign-in").await;
    window.sign_in(EMAIL, PASSWORD).await;
    window.open("/profile").await;
    window.click("Turn on a second factor").await;
    window.is_at("Second factor").await;
    window.look_over("second factor, off").await;
    window.click("Turn on").await;
    window.is_at("Turn on the second factor").await;
    window.look_over("secret").await;
    let phone = Phone { secret: window.value("Secret").await.replace(' ', "") };
    window.fill("Code", &phone.code(NOW)).await;
    window.click("Turn on").await;
    window.is_at("Your recovery codes").await;
    window.look_over("recovery codes").await;
    assert_eq!(window.value("Recovery codes").await.lines().count(), 10);
    window.click("I have kept them").await;
    window.is_at("Second factor").await;
    window.look_over("second factor, on").await;
    window.open("/profile").await;
    window.look_over("profile with a second factor").await;

    window.click_at("//details[@class='menu']/summary").await;
    window.click("Sign out").await;
    window.is_at("Sign in").await; // or the way there would end the next one
    window.open(&format!("{later}/sign-in")).await;
    window.fill("E-mail", EMAIL).await;
    window.fill("Password", PASSWORD).await;
    window.click("Sign in").await;
    window.is_at("One more step").await;
    window.look_over("code").await;
    window.fill("Code", "000000").await;
    window.click("Sign in").await;
    window.sees("This code is wrong or was used before.").await;
    window.look_over("wrong code").await;
    window.fill("Code", &phone.code(NOW + Duration::MINUTE)).await;
    window.click("Sign in").await;
    window.is_signed_in("Ingrid").await;
}
