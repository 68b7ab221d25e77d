//! `reps.csv`: people, teams, managers.

use time::macros::datetime;

use super::support::*;

const TREE: &str = "select t.name || ' < ' || coalesce(p.name, '-') || ' by ' ||
        coalesce((select string_agg(u.name || ' ' || m.during::text, ', ' order by m.during)
                  from team_managers m join users u on u.id = m.user_id where m.team_id = t.id), '-')
    from teams t left join teams p on p.id = t.parent_id order by t.name";
const PEOPLE: &str = "select coalesce(u.external_id, '-') || ' ' || u.name || ' ' ||
        coalesce((select string_agg(r.role, '+' order by r.role) from user_roles r where r.user_id = u.id), '-') || ' ' ||
        coalesce((select string_agg(t.name || ' ' || m.during::text, ', ' order by m.during)
                  from memberships m join teams t on t.id = m.team_id where m.user_id = u.id), '-')
    from users u order by u.external_id, u.name";

#[tokio::test]
async fn people_teams_and_managers_come_from_the_beginning() {
    let db = TestDatabase::create().await;
    let reps = "external_id,name,email,team,manager,hired_on,left_on,title,level\n\
        R1,Ann,Ann@Example.com,North,R3,2020-01-01,,Rep,junior\n\
        R2,Ben,,North,Cyd,,2026-01-01,,\n\
        R3,Cyd,,Sales,Zoe,,,,\n";
    let summary = import(&db, &[("reps.csv", reps)]).await;
    assert_eq!(counts(&summary, "reps.csv"), (3, 0, 0));
    assert_eq!(
        ask(&db.pool, PEOPLE).await,
        ["R1 Ann rep North (,)", "R2 Ben rep North (,)", "R3 Cyd manager+rep Sales (,)", "- Zoe manager -"]
    );
    assert_eq!(ask(&db.pool, TREE).await, ["North < Sales by Cyd (,)", "Sales < - by Zoe (,)"]);
    assert_eq!(
        ask(
            &db.pool,
            "select email || ' ' || title || ' ' || level || ' ' || hired_on from users where external_id = 'R1'"
        )
        .await,
        ["ann@example.com Rep junior 2020-01-01"]
    );
    assert_eq!(ask(&db.pool, "select count(*)::text from sign_ins").await, ["0"]);
    assert!(summary.notes.iter().any(|note| note.contains("Zoe")));
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_absent_columns_stay() {
    let db = TestDatabase::create().await;
    let reps = ("reps.csv", "external_id,name,email,team,manager\nR1,Ann,ann@example.com,North,Zoe\n");
    import(&db, &[reps]).await;
    let before = ask(&db.pool, PEOPLE).await;
    let again = import(&db, &[reps]).await;
    assert_eq!(counts(&again, "reps.csv"), (0, 0, 1));
    assert_eq!(ask(&db.pool, PEOPLE).await, before);
    assert_eq!(ask(&db.pool, "select version::text from users where external_id = 'R1'").await, ["2"]);
    let renamed = import(&db, &[("reps.csv", "name,external_id\nAnna,R1\n")]).await;
    assert_eq!(counts(&renamed, "reps.csv"), (0, 1, 0));
    assert_eq!(
        ask(&db.pool, "select name || ' ' || email from users where external_id = 'R1'").await,
        ["Anna ann@example.com"]
    );
    assert_eq!(ask(&db.pool, TREE).await, ["North < - by Zoe (,)"]);
}

#[tokio::test]
async fn another_team_or_manager_holds_as_of_the_day_of_the_import() {
    let db = TestDatabase::create().await;
    import(&db, &[("reps.csv", "external_id,name,team,manager\nR1,Ann,North,R2\nR2,Ben,,\nR3,Cyd,,\n")]).await;
    let later = datetime!(2026-12-01 08:00 UTC);
    let moved = [("reps.csv", "external_id,name,team,manager\nR1,Ann,South,R2\nR4,Dan,North,R3\n")];
    let summary = import_on(later, &db, &moved).await.unwrap();
    assert_eq!(counts(&summary, "reps.csv"), (1, 1, 0));
    assert_eq!(
        ask(&db.pool, PEOPLE).await,
        [
            "R1 Ann rep North (,2026-12-01), South [2026-12-01,)",
            "R2 Ben manager+rep -",
            "R3 Cyd manager+rep -",
            "R4 Dan rep North (,)"
        ]
    );
    assert_eq!(
        ask(&db.pool, TREE).await,
        ["North < - by Ben (,2026-12-01), Cyd [2026-12-01,)", "South < - by Ben (,)"]
    );
}

#[tokio::test]
async fn who_was_named_as_a_manager_gets_the_row_that_comes_later() {
    let db = TestDatabase::create().await;
    import(&db, &[("reps.csv", "external_id,name,team,manager\nR1,Ann,North,Zoe\n")]).await;
    let later = "external_id,name,team,manager\nR1,Ann,North,Zoe\nR9,Zoe,Sales,\n";
    let summary = import(&db, &[("reps.csv", later)]).await;
    assert_eq!(counts(&summary, "reps.csv"), (0, 1, 1));
    assert_eq!(ask(&db.pool, PEOPLE).await, ["R1 Ann rep North (,)", "R9 Zoe manager+rep Sales (,)"]);
    assert_eq!(ask(&db.pool, TREE).await, ["North < Sales by Zoe (,)", "Sales < - by -"]);
}

#[tokio::test]
async fn wrong_people_are_refused() {
    let db = TestDatabase::create().await;
    let reps = "external_id,name,email,team,manager,hired_on,left_on\n\
        R1,Ann,ann@example.com,North,,2020-01-01,2019-12-31\n\
        R1,Ben,ANN@example.com,North,,2020-13-01,\n\
        R3,,no address,North,,,\n\
        R4,Dan,,North,Eve,,\n\
        R5,Eve,,North,,,\n\
        R6,Eve,,North,R6,,\n\
        R7,Fay\n";
    assert_eq!(
        places(&db, &[("reps.csv", reps)]).await,
        [
            "reps.csv:2 left_on 2019-12-31",
            "reps.csv:3 hired_on 2020-13-01",
            "reps.csv:3 external_id R1",
            "reps.csv:3 email ann@example.com",
            "reps.csv:4 email no address",
            "reps.csv:4 name",
            "reps.csv:5 manager Eve",
            "reps.csv:7 manager R6",
            "reps.csv:8 2 Fay",
        ]
    );
    assert_eq!(ask(&db.pool, "select name from organizations").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_loop_of_teams_is_refused_also_with_teams_that_are_there() {
    let db = TestDatabase::create().await;
    import(&db, &[("reps.csv", "external_id,name,team,manager\nR1,Ann,North,R2\nR2,Ben,Sales,\n")]).await;
    let (places, remedies) = refused(&db, &[("reps.csv", "external_id,name,team,manager\nR3,Cyd,Sales,R1\n")]).await;
    assert_eq!(places, ["reps.csv:2 manager R1"]);
    assert!(remedies[0].contains("loop"), "{remedies:?}");
}
