//! `visits.csv`.

use time::macros::datetime;

use super::support::*;

const ALL: &str = "select v.external_id || ' ' || u.external_id || ' ' || c.external_id || ' ' || visited_on || ' ' || kind || ' ' || state || ' ' ||
        coalesce(outcome, '-') || ' ' || coalesce(minutes::text, '-') || ' ' || (v.recorded_at at time zone 'utc')::text || ' ' || v.notes
    from visits v join users u on u.id = v.rep_id join customers c on c.id = v.customer_id order by v.external_id";

#[tokio::test]
async fn visits_are_done_in_person_and_entered_on_their_day_unless_they_say_otherwise() {
    let db = TestDatabase::create().await;
    let visits = "external_id,rep,customer,visited_on,kind,outcome,minutes,recorded_on\n\
        V1,R1,C1,2026-01-05,,,,\nV2,R2,C2,2026-01-06,call,order,30,2026-01-10\nV3,R2,C2,2026-01-06,online,Sold three,,\n";
    let summary = import(&db, &[REPS, CUSTOMERS, ("visits.csv", visits)]).await;
    assert_eq!(counts(&summary, "visits.csv"), (3, 0, 0));
    assert_eq!(
        ask(&db.pool, ALL).await,
        [
            "V1 R1 C1 2026-01-05 in_person done - - 2026-01-05 00:00:00 ",
            "V2 R2 C2 2026-01-06 call done order 30 2026-01-10 00:00:00 ",
            "V3 R2 C2 2026-01-06 online done other - 2026-01-06 00:00:00 Sold three",
        ]
    );
    let changed = "external_id,rep,customer,visited_on,minutes\nV1,R1,C1,2026-01-05,\nV2,R1,C2,2026-01-06,45\nV3,R2,C2,2026-01-06,\n";
    let summary = import(&db, &[("visits.csv", changed)]).await;
    assert_eq!(counts(&summary, "visits.csv"), (0, 1, 2));
    assert_eq!(ask(&db.pool, ALL).await[1], "V2 R1 C2 2026-01-06 call done order 45 2026-01-10 00:00:00 ");
}

#[tokio::test]
async fn wrong_visits_are_refused() {
    let db = TestDatabase::create().await;
    let visits = "external_id,rep,customer,visited_on,kind,minutes,recorded_on\n\
        V1,R1,C1,2026-11-20,,,\nV1,R9,C9,2026-01-06,lunch,0,2026-11-20\nV3,,,,,1441,\n";
    assert_eq!(
        places(&db, &[REPS, CUSTOMERS, ("visits.csv", visits)]).await,
        [
            "visits.csv:2 visited_on 2026-11-20",
            "visits.csv:3 rep R9",
            "visits.csv:3 kind lunch",
            "visits.csv:3 minutes 0",
            "visits.csv:3 recorded_on 2026-11-20",
            "visits.csv:3 external_id V1",
            "visits.csv:3 customer C9",
            "visits.csv:4 rep",
            "visits.csv:4 customer",
            "visits.csv:4 visited_on",
            "visits.csv:4 minutes 1441",
        ]
    );
}

/// A January that finance has approved.
const LOCK: &str = "with person as (select org_id, id from users where external_id = 'R3'),
    run as (insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
            select org_id, 'month', '2026-01-01', '2026-02-01', id, '2026-02-03', '1' from person returning org_id, id)
    insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
    select org_id, id, 'month', '2026-01-01', '2026-02-01', '2026-02-05' from run returning 'locked'";

#[tokio::test]
async fn what_comes_after_the_lock_is_kept_as_late() {
    let db = TestDatabase::create().await;
    let early =
        ("visits.csv", "external_id,rep,customer,visited_on,outcome\nV1,R1,C1,2026-01-05,\nV2,R1,C2,2026-01-05,\n");
    let deals = (
        "deals.csv",
        "external_id,customer,rep,stage,closed_on,amount\nD1,C1,R1,won,2026-01-05,10\nD2,C1,R1,won,2026-01-06,10\n",
    );
    import_on(datetime!(2026-02-01 08:00 UTC), &db, &[REPS, CUSTOMERS, deals, early]).await.unwrap();
    assert_eq!(ask(&db.pool, LOCK).await, ["locked"]);
    let late = "external_id,rep,customer,visited_on,outcome,recorded_on\n\
        V1,R1,C1,2026-01-05,order,\nV2,R2,C2,2026-01-05,,\nV3,R1,C1,2026-01-20,,2026-01-20\nV4,R1,C1,2026-02-02,,\n";
    let deals = (
        "deals.csv",
        "external_id,customer,rep,stage,closed_on,amount\nD1,C1,R1,won,2026-01-05,10\nD2,C1,R1,won,2026-01-06,11\nD3,C1,R1,won,2026-01-07,1\n",
    );
    let files = [deals, ("visits.csv", late)];
    let summary = import_on(datetime!(2026-02-10 08:00 UTC), &db, &files).await.unwrap();
    assert_eq!((counts(&summary, "visits.csv"), counts(&summary, "deals.csv")), ((2, 2, 0), (1, 1, 1)));
    assert_eq!(
        ask(&db.pool, ALL).await,
        [
            "V1 R1 C1 2026-01-05 in_person done order - 2026-01-05 00:00:00 ",
            "V2 R2 C2 2026-01-05 in_person done - - 2026-02-10 08:00:00 ",
            "V3 R1 C1 2026-01-20 in_person done - - 2026-02-10 08:00:00 ",
            "V4 R1 C1 2026-02-02 in_person done - - 2026-02-02 00:00:00 ",
        ]
    );
    let late = "select d.external_id from deals d, period_locks l
        where d.changed_at > l.locked_at and d.booked_on >= l.period_start and d.booked_on < l.period_end order by 1";
    assert_eq!(ask(&db.pool, late).await, ["D2", "D3"]);
    let again = import_on(datetime!(2026-02-11 08:00 UTC), &db, &files).await.unwrap();
    assert_eq!((counts(&again, "visits.csv"), counts(&again, "deals.csv")), ((0, 0, 4), (0, 0, 3)));
}
