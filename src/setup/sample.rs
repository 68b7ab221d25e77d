//! `POST /first-steps/sample`: made-up people, customers and sales to try things with, in one import that can be taken
//! back.

use axum::{extract::State, response::Response};

use crate::{
    App,
    demo::{
        data::{self, SAMPLE},
        fill::SEED,
    },
    imports::{
        done_db,
        import::{self, FILES},
        source::SentFile,
        upload,
    },
    web::{
        auth::{Allowed, ImportRecords},
        error::Error,
        form::{Form, Nothing},
        once,
        routes::Routes,
        toast::Toast,
    },
};

/// The route of the sample data.
pub fn routes() -> Routes {
    Routes::new().post("/first-steps/sample", fill)
}

/// Only an empty company is filled: nothing of one's own is mixed with what is made up.
async fn fill(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let data::Files(made_up) = data::files(SAMPLE, SEED, me.today, me.company.currency);
    let sent = |name: &'static str| {
        let (_, text) = made_up.iter().find(|(made_up, _)| *made_up == name)?;
        Some(SentFile { name, content: text.clone().into_bytes(), columns: vec![] })
    };
    let files: Vec<SentFile> = FILES.into_iter().filter_map(sent).collect();
    let _turn = upload::turn(&app).await?;
    let mut write = once::begin_import_alone(&app, &me, once).await?;
    let (_, is_empty) = done_db::sample(&mut write, me.scope.org).await?;
    if !is_empty {
        return Err(Error::Conflict(
            "There are people, teams, plans or customers already. Sample data is for an empty company.",
        ));
    }
    let summary = import::sent(&app.db, &mut write, &files, false).await.map_err(upload::error)?;
    done_db::set_sample(&mut write, summary.id).await?;
    let toast = Toast::new("Sample data is here. Look around, and take it back when you begin with your own.");
    write.done_saying("/first-steps", &toast.undo(format!("{}/undo", import::path(summary.id)))).await
}
