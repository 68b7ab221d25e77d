//! Files about customers that were merged into others.

use super::support::*;

const DEALS: (&str, &str) =
    ("deals.csv", "external_id,customer,rep,closed_on,amount,stage\nD1,C2,R2,2026-03-02,100,won\n");
const VISITS: (&str, &str) = ("visits.csv", "external_id,rep,customer,visited_on\nV1,R2,C2,2026-03-02\n");

#[tokio::test]
async fn deals_and_visits_go_on_to_the_customer_that_is_kept_and_the_rest_is_left_out() {
    let db = TestDatabase::create().await;
    import(&db, &[REPS, CUSTOMERS, ("ownership.csv", "customer,rep,from\nC2,R2,2025-01-01\n")]).await;
    // Beta was merged into Alpha, and Alpha into Gamma.
    let merged = "insert into customers (org_id, external_id, name, created_on, recorded_at)
                  select org_id, 'C3', 'Gamma', created_on, recorded_at from customers where external_id = 'C1';
                  update customers c set merged_into = k.id from customers k
                  where (c.external_id, k.external_id) in (('C2', 'C1'), ('C1', 'C3'));
                  delete from ownerships; select 'done'";
    ask(&db.pool, merged).await;
    let customers = ("customers.csv", "external_id,name,rep\nC1,Alpha AS,R1\nC2,Beta AS,R2\nC3,Gamma AS,R1\n");
    let owners = ("ownership.csv", "customer,rep,from\nC2,R2,2025-01-01\n");
    let summary = import(&db, &[REPS, customers, owners, DEALS, VISITS]).await;
    assert_eq!((counts(&summary, "customers.csv"), counts(&summary, "ownership.csv")), ((0, 1, 2), (0, 0, 1)));
    let told: Vec<&String> = summary.notes.iter().filter(|note| note.contains("merged")).collect();
    assert_eq!(
        told,
        [
            "customers.csv: 2 rows about customers that were merged into others: left out. Deals and visits go on to those.",
            "ownership.csv: 1 row about customers that were merged into others: left out. Deals and visits go on to those.",
        ]
    );
    let kept = "select c.name || coalesce(' ' || d.external_id, '') || coalesce(' ' || v.external_id, '')
                       || coalesce(' ' || e.kind, '')
                from customers c
                left join deals d on d.customer_id = c.id
                left join visits v on v.customer_id = c.id
                left join customer_events e on e.customer_id = c.id and e.kind = 'first_sale'
                order by c.external_id";
    assert_eq!(ask(&db.pool, kept).await, ["Alpha", "Beta", "Gamma AS D1 V1 first_sale"]);
    // The same files once more say nothing new.
    let summary = import(&db, &[REPS, customers, owners, DEALS, VISITS]).await;
    assert_eq!((counts(&summary, "deals.csv"), counts(&summary, "visits.csv")), ((0, 0, 1), (0, 0, 1)));
}
