//! The people's pages.

use attain::{
    domain::access::{Reach, Role},
    postgres::sessions,
    web::auth::hash_token,
};

use crate::support::TestApp;

#[tokio::test]
async fn a_manager_sees_the_teams_below() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let boss = app.user(company, "Berit", &[Role::Manager]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let other = app.user(company, "Olav", &[Role::Rep]).await;
    let north = app.team(company, "North", None, Some(boss), &[]).await;
    let below = app.team(company, "Oslo", Some(north), None, &[rep]).await;
    app.team(company, "South", None, None, &[other]).await;
    let client = app.client(boss).await;
    let session = sessions::find(&app.db, &hash_token(client.token()), app.now()).await.unwrap().unwrap();
    let Reach::Some { mut reps, mut teams } = session.scope.reach else { panic!("a manager does not see all") };
    reps.sort_unstable();
    teams.sort_unstable();
    assert_eq!((reps, teams), (vec![boss.id, rep.id], vec![north, below]));
}
