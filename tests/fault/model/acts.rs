//! What reps, a manager and an administrator do at random, done to the product and, where it should be taken, to the vectors.

use time::{Date, Duration};
use uuid::Uuid;

use super::{DealKnown, Model};
use crate::{
    support::{Answer, User},
    world::{Credit, Deal, Good, Held, Limit, LimitOf, Visit},
};

const KINDS: [&str; 4] = ["in_person", "in_person", "call", "online"];

impl Model {
    /// One act of somebody.
    pub async fn act(&mut self) {
        match self.random.below(40) {
            0..12 => self.log_visit().await,
            12..15 => self.plan_visit().await,
            15..17 => self.miss_visit().await,
            17..25 => self.enter_deal().await,
            25..28 => self.give_back().await,
            28..30 => self.close_open_deal().await,
            30..35 => self.confirm().await,
            35..37 => self.hand_over().await,
            37 => self.set_target().await,
            38 => self.move_rep().await,
            _ => self.set_limit().await,
        }
    }

    /// Sends a form and fails unless it is answered as it should be.
    pub async fn send(&mut self, who: User, path: &str, fields: &[(&str, &str)], expected: u16) -> Answer {
        let key = Uuid::new_v4().to_string();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("once", key.as_str())]).collect();
        let twice = self.random.once_in(5);
        self.told.push(format!("{} {who:?} POST {path} {fields:?}", self.world.today));
        let body = serde_html_form::to_string(fields).unwrap();
        let answer = self.door.post(who, path, body, twice).await;
        self.expect(&answer, expected);
        answer
    }

    /// Fills a form of a page as a browser does, and sends it.
    pub async fn submit(
        &mut self,
        who: User,
        page: &Answer,
        form: &str,
        typed: &[(&str, &str)],
        expected: u16,
    ) -> Answer {
        let (path, body) = (page.attribute(form, "action"), page.form_body(form, typed));
        let twice = self.random.once_in(5);
        self.told.push(format!("{} {who:?} POST {path} {typed:?}", self.world.today));
        let answer = self.door.post(who, &path, body, twice).await;
        self.expect(&answer, expected);
        answer
    }

    fn expect(&mut self, answer: &Answer, expected: u16) {
        let (is, last) = (answer.status.as_u16(), || self.last());
        assert!(is == expected, "{is} instead of {expected}: {}\n{}", answer.words(), last());
        self.refused += usize::from(expected >= 400);
    }

    /// What was done last.
    pub fn last(&self) -> String {
        self.told[self.told.len().saturating_sub(60)..].join("\n")
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.db).await.unwrap()
    }

    fn some_day(&mut self, back: usize) -> Date {
        self.world.today - Duration::days(i64::try_from(self.random.below(back)).unwrap())
    }

    /// A customer, and a rep who may see it or not.
    fn rep_and_customer(&mut self) -> (usize, usize, bool) {
        let customer = self.random.below(self.customers.len());
        let rep = if self.random.once_in(5) {
            self.random.below(self.reps.len())
        } else {
            self.world.owner(customer, self.world.today).unwrap()
        };
        (rep, customer, self.sees(rep, customer))
    }

    /// Whoever owns a customer today, visited it or is credited with a deal there.
    fn sees(&self, rep: usize, customer: usize) -> bool {
        let went =
            |visit: &Visit| visit.customer == customer && (visit.rep == rep || visit.along.iter().any(|a| a.0 == rep));
        let sold = |deal: &Deal| deal.customer == customer && deal.credits.iter().any(|credit| credit.rep == rep);
        self.world.owner(customer, self.world.today) == Some(rep)
            || self.world.visits.iter().any(went)
            || self.world.deals.iter().any(sold)
    }

    async fn log_visit(&mut self) {
        let (rep, customer, seen) = self.rep_and_customer();
        let late = i64::try_from(self.random.below(25)).unwrap() - 1;
        let (on, kind) = (self.world.today - Duration::days(late), self.random.one_of(&KINDS).unwrap());
        let planned = self.world.visits.iter().position(|visit| {
            (visit.rep, visit.customer, visit.on, visit.state) == (rep, customer, on, "planned")
                && (kind == "in_person" || visit.kind == kind)
        });
        let anybodys = self.world.visits.iter().any(|v| v.customer == customer && v.on == on && v.state == "planned");
        let along: Vec<usize> =
            if !anybodys && self.random.once_in(6) { vec![(rep + 1) % self.reps.len()] } else { vec![] };
        let with: Vec<String> = along.iter().map(|rep| self.reps[*rep].id.to_string()).collect();
        let (customer_id, day) = (self.customers[customer].to_string(), on.to_string());
        let mut fields = vec![("customer", customer_id.as_str()), ("visited_on", &day), ("kind", kind)];
        fields.extend(with.iter().map(|id| ("with", id.as_str())));
        let taken = seen && late >= 0;
        self.send(self.reps[rep], "/visits", &fields, if taken { 303 } else { 422 }).await;
        if !taken {
            return;
        }
        let along = along.into_iter().map(|rep| (rep, late)).collect();
        let visit = Visit { rep, customer, on, kind, state: "done", minutes: None, entered_after: late, along };
        if let Some(place) = self.first_planned(planned, rep, customer, on, kind) {
            self.world.visits[place] = visit;
        } else {
            self.world.visits.push(visit);
            self.visits.push(self.number("select max(id) from visits").await);
        }
    }

    /// Of several plans that a visit may fulfil: a visit first, then a call, then an online meeting; the first entered.
    fn first_planned(&self, any: Option<usize>, rep: usize, customer: usize, on: Date, kind: &str) -> Option<usize> {
        any?;
        let order: &[&str] = if kind == "in_person" { &["in_person", "call", "online"] } else { &[kind] };
        order.iter().find_map(|kind| {
            self.world.visits.iter().position(|visit| {
                (visit.rep, visit.customer, visit.on, visit.state, visit.kind) == (rep, customer, on, "planned", *kind)
            })
        })
    }

    async fn plan_visit(&mut self) {
        let (rep, customer, seen) = self.rep_and_customer();
        let ahead = i64::try_from(self.random.below(6)).unwrap() - 1;
        let (on, kind) = (self.world.today + Duration::days(ahead), self.random.one_of(&KINDS).unwrap());
        let (customer_id, day) = (self.customers[customer].to_string(), on.to_string());
        let fields = [("customer", customer_id.as_str()), ("visited_on", &day), ("kind", kind)];
        let taken = seen && ahead >= 0;
        self.send(self.reps[rep], "/visits/plan", &fields, if taken { 303 } else { 422 }).await;
        if taken {
            let visit =
                Visit { rep, customer, on, kind, state: "planned", minutes: None, entered_after: 0, along: vec![] };
            self.world.visits.push(visit);
            self.visits.push(self.number("select max(id) from visits").await);
        }
    }

    async fn miss_visit(&mut self) {
        let planned: Vec<usize> =
            (0..self.visits.len()).filter(|place| self.world.visits[*place].state == "planned").collect();
        let Some(place) = self.random.one_of(&planned) else { return };
        let visit = &self.world.visits[place];
        let (rep, has_come) = (visit.rep, visit.on <= self.world.today);
        let path = format!("/visits/{}/missed", self.visits[place]);
        self.send(self.reps[rep], &path, &[], if has_come { 303 } else { 409 }).await;
        if has_come {
            self.world.visits[place].state = "missed";
        }
    }

    async fn enter_deal(&mut self) {
        let (rep, customer, seen) = self.rep_and_customer();
        let won = !self.random.once_in(5);
        let on = self.some_day(20);
        let lines: Vec<i64> =
            (0..=self.random.below(2)).map(|_| i64::try_from(1 + self.random.below(50_000)).unwrap()).collect();
        let other = (rep + 1 + self.random.below(self.reps.len() - 1)) % self.reps.len();
        let credits = match self.random.below(4) {
            0 => vec![Credit { rep, parts: 2, overlay: false }, Credit { rep: other, parts: 1, overlay: false }],
            1 => vec![Credit { rep: other, parts: 1, overlay: false }, Credit { rep, parts: 1, overlay: false }],
            _ => vec![Credit { rep, parts: 1, overlay: false }],
        };
        let (customer_id, day) = (self.customers[customer].to_string(), on.to_string());
        let amounts: Vec<String> = lines.iter().map(|cents| format!("{}.{:02}", cents / 100, cents % 100)).collect();
        let credited: Vec<(String, String)> =
            credits.iter().map(|credit| (self.reps[credit.rep].id.to_string(), credit.parts.to_string())).collect();
        let mut fields = vec![("customer", customer_id.as_str()), ("stage", if won { "won" } else { "open" })];
        fields.push(if won { ("booked_on", &day) } else { ("expected_on", "") });
        for amount in &amounts {
            fields.extend([("item", "Coffee"), ("quantity", "1"), ("amount", amount), ("cost", "")]);
        }
        for (id, parts) in &credited {
            fields.extend([("credit", id.as_str()), ("parts", parts), ("counts", "split")]);
        }
        self.send(self.reps[rep], "/deals", &fields, if seen { 303 } else { 422 }).await;
        if seen {
            let goods = vec![Good::default(); lines.len()];
            self.world.deals.push(Deal { customer, owner: Some(rep), won, on, lines, goods, credits, returns: None });
            self.know_newest().await;
        }
    }

    async fn know_newest(&mut self) {
        let id = self.number("select max(id) from deals").await;
        self.deals.push(DealKnown { id, confirmed: false, cancelled: false });
    }

    fn back(&self, deal: usize) -> i64 {
        self.world.deals.iter().filter(|d| d.returns == Some(deal)).flat_map(|d| &d.lines).sum()
    }

    /// All of a deal comes back, or a part of its first line; sometimes more than there is.
    async fn give_back(&mut self) {
        let own = |deal: &usize| self.world.deals[*deal].won && self.world.deals[*deal].returns.is_none();
        let won: Vec<usize> = (0..self.deals.len()).filter(own).collect();
        let Some(deal) = self.random.one_of(&won) else { return };
        let Deal { customer, owner, on, lines, credits, goods, .. } = self.world.deals[deal].clone();
        let (Some(rep), whole) = (owner, self.random.once_in(2)) else { return };
        let on = on.max(self.some_day(10));
        let untouched = self.back(deal) == 0;
        let part = 1 + i64::try_from(self.random.below(usize::try_from(lines[0]).unwrap())).unwrap();
        let much = if self.random.once_in(5) { lines[0] + 1 } else { part };
        if !untouched && !whole {
            return;
        }
        let left = lines.iter().sum::<i64>() + self.back(deal);
        let (amount, day) = (format!("{}.{:02}", much / 100, much % 100), on.to_string());
        let fields = if whole {
            vec![("booked_on", day.as_str()), ("whole", "all")]
        } else {
            vec![("booked_on", day.as_str()), ("whole", "lines"), ("amount", &amount)]
        };
        let expected = if left == 0 {
            409
        } else if !whole && much > lines[0] {
            422
        } else {
            303
        };
        let path = format!("/deals/{}/return", self.deals[deal].id);
        self.send(self.reps[rep], &path, &fields, expected).await;
        if expected != 303 {
            return;
        }
        let mut given: Vec<i64> = lines.iter().map(|line| -line).collect();
        if whole {
            given[0] -= self.back(deal);
        } else {
            given = vec![-much];
        }
        given.retain(|line| *line != 0);
        let goods = goods[..given.len()].to_vec();
        let returns = Some(deal);
        self.world.deals.push(Deal { customer, owner, won: true, on, lines: given, goods, credits, returns });
        self.know_newest().await;
    }

    /// An open deal is won, or cancelled; what was closed already is not.
    async fn close_open_deal(&mut self) {
        let open: Vec<usize> = (0..self.deals.len()).filter(|deal| !self.world.deals[*deal].won).collect();
        let Some(deal) = self.random.one_of(&open) else { return };
        let rep = self.reps[self.world.deals[deal].owner.unwrap()];
        let (path, over) = (format!("/deals/{}", self.deals[deal].id), self.deals[deal].cancelled);
        let version = sqlx::query_scalar::<_, i32>("select version from deals where id = $1").bind(self.deals[deal].id);
        let version = version.fetch_one(&self.db).await.unwrap().to_string();
        if self.random.once_in(3) {
            let fields = [("reason", "Entered twice"), ("version", version.as_str())];
            self.send(rep, &format!("{path}/cancel"), &fields, if over { 409 } else { 303 }).await;
            self.deals[deal].cancelled = true;
        } else {
            let on = self.some_day(10);
            let day = on.to_string();
            let fields = [("booked_on", day.as_str()), ("version", &version)];
            // No deal is won any more in a period that is locked.
            let locked = self.world.locks.iter().any(|lock| lock.from <= on && on < lock.to);
            let expected = if over {
                409
            } else if locked {
                422
            } else {
                303
            };
            self.send(rep, &format!("{path}/win"), &fields, expected).await;
            if expected == 303 {
                (self.world.deals[deal].won, self.world.deals[deal].on) = (true, on);
            }
        }
    }

    /// The manager confirms what a rep entered; a rep may not.
    async fn confirm(&mut self) {
        let waits = |deal: &usize| {
            let Deal { won, returns, .. } = &self.world.deals[*deal];
            *won && !self.deals[*deal].confirmed && returns.is_none_or(|original| self.deals[original].confirmed)
        };
        let waiting: Vec<usize> = (0..self.deals.len()).filter(waits).collect();
        let Some(deal) = self.random.one_of(&waiting) else { return };
        let id = self.deals[deal].id;
        let version = sqlx::query_scalar::<_, i32>("select version from deals where id = $1").bind(id);
        let version = version.fetch_one(&self.db).await.unwrap().to_string();
        let by_rep = self.random.once_in(8);
        let who = if by_rep { self.reps[self.world.deals[deal].owner.unwrap()] } else { self.manager };
        let fields = [("version", version.as_str())];
        self.send(who, &format!("/deals/{id}/confirm"), &fields, if by_rep { 403 } else { 303 }).await;
        self.deals[deal].confirmed = !by_rep;
    }

    /// The manager hands a customer without open deals over, from today on.
    async fn hand_over(&mut self) {
        let customer = self.random.below(self.customers.len());
        let today = self.world.today;
        let open = |deal: usize| {
            !self.world.deals[deal].won && !self.deals[deal].cancelled && self.world.deals[deal].customer == customer
        };
        if (0..self.deals.len()).any(open) {
            return;
        }
        let from = self.world.owner(customer, today).unwrap();
        let to = (from + 1 + self.random.below(self.reps.len() - 1)) % self.reps.len();
        let path = format!("/customers/handover?customer={}", self.customers[customer]);
        let page = self.door.get(self.manager, &path).await.expect(200);
        let (id, day) = (self.reps[to].id.to_string(), today.to_string());
        let body = page.form_body("main form", &[("to", &id), ("from", &day)]);
        let preview = self.door.get(self.manager, &format!("/customers/handover?{body}")).await.expect(200);
        // What is planned from that day on goes along, or stays.
        let is_planned = |visit: &Visit| {
            (visit.customer, visit.rep, visit.state) == (customer, from, "planned") && visit.on >= today
        };
        let planned = self.world.visits.iter().any(is_planned);
        assert_eq!(preview.count("input[name=visits]") == 1, planned, "planned visits\n{}", self.last());
        let goes = planned && self.random.once_in(2);
        let typed: &[(&str, &str)] = if planned && !goes { &[("visits", "0")] } else { &[] };
        self.submit(self.manager, &preview, "form[method=post][action$=handover]", typed, 303).await;
        if goes {
            self.world.visits.iter_mut().filter(|visit| is_planned(visit)).for_each(|visit| visit.rep = to);
        }
        self.world.ownerships.retain(|held| held.what != customer || held.from != Some(today));
        for held in self.world.ownerships.iter_mut().filter(|held| held.what == customer && held.to.is_none()) {
            held.to = Some(today);
        }
        self.world.ownerships.push(Held { rep: to, what: customer, from: Some(today), to: None });
    }

    /// The manager says how many visits a rep is to make this month.
    async fn set_target(&mut self) {
        let rep = self.random.below(self.reps.len());
        let month = self.world.today.replace_day(1).unwrap();
        let target = i64::try_from(1 + self.random.below(12)).unwrap();
        let page = self.door.get(self.manager, &format!("/targets/{}", &month.to_string()[..7])).await.expect(200);
        let cell = format!("{}.visits", self.reps[rep].id);
        self.submit(self.manager, &page, "form#grid", &[(&cell, &target.to_string())], 303).await;
        self.targets.insert((month, rep), target);
    }

    /// The administrator moves a rep to the other team, from today on.
    async fn move_rep(&mut self) {
        let rep = self.random.below(self.reps.len());
        let today = self.world.today;
        let held = self.world.memberships.iter().find(|held| held.rep == rep && held.to.is_none()).unwrap();
        let other = 1 - held.what;
        let (team, day) = (self.teams[other].to_string(), today.to_string());
        let path = format!("/users/{}/team", self.reps[rep].id);
        let fields = [("team", team.as_str()), ("from", &day), ("reason", "New area")];
        self.send(self.admin, &path, &fields, 303).await;
        self.world.memberships.retain(|held| held.rep != rep || held.from != Some(today));
        for held in self.world.memberships.iter_mut().filter(|held| held.rep == rep && held.to.is_none()) {
            held.to = Some(today);
        }
        self.world.memberships.push(Held { rep, what: other, from: Some(today), to: None });
    }

    /// The administrator says after how many days without a sale a customer is lost, from today on.
    async fn set_limit(&mut self) {
        let today = self.world.today;
        let days = i64::try_from(10 + self.random.below(60)).unwrap();
        let page = self.door.get(self.admin, "/settings").await.expect(200);
        let form = "form[action='/settings/limits']";
        let (day, number) = (today.to_string(), days.to_string());
        let preview = self.submit(self.admin, &page, form, &[("days", &number), ("from", &day)], 200).await;
        self.submit(self.admin, &preview, "main form", &[], 303).await;
        self.world.limits.retain(|limit| limit.from != Some(today));
        self.world.limits.push(Limit { of: LimitOf::Company, from: Some(today), days });
    }
}
