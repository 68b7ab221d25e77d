//! The metrics: what is counted, in which unit, whether more of it is better, and the one function over the facts.

use rust_decimal::Decimal;

use super::{contribution::Book, minimum::Kept, money::Money, rate::Ratio};

/// What a target is set on and a commission measures (docs/definitions.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Customers whose first-ever qualifying sale this was.
    NewCustomers,
    /// Customers that lapsed.
    LostCustomers,
    /// Lost customers that bought again.
    WonBackCustomers,
    /// Done in-person visits, at most one per rep, customer and day.
    Visits,
    /// Visits to customers that had never bought.
    StrangerVisits,
    /// Calls and online meetings.
    Touches,
    /// Won deals less returns.
    NetSales,
    /// Net sales within a customer's first twelve months.
    NewCustomerSales,
    /// Net sales less those to new customers.
    ExistingCustomerSales,
    /// Net sales against the base period, as a fraction of the base.
    SalesGrowth,
    /// The part of the growth that new customers make.
    GrowthFromNew,
    /// The rest of the growth.
    GrowthFromExisting,
    /// Days or weeks in which the minimum of visits was met, as a fraction of those so far.
    VisitMinimum,
    /// Sales of categories that a customer had not bought before the period.
    CrossSellSales,
    /// First sales of a category to customers that had bought another one before.
    CrossSellCount,
    /// Net sales less what the lines cost.
    GrossMargin,
    /// Losses as a fraction of the customers that bought when the period began.
    LossRate,
    /// The time spent with the company's best customers, as a fraction of all time spent with customers.
    TimeOnA,
    /// What the largest customer bought in twelve months, as a fraction of what all bought.
    Concentration,
    /// The margin of the book less what visits, time and orders cost.
    Contribution,
}

/// The unit a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole things.
    Count,
    /// Minor units of the company's currency.
    Money,
    /// A ratio; 0.05 is shown as 5 %.
    Fraction,
}

impl Metric {
    /// Every metric, in the order of pages and files.
    pub const ALL: [Self; 20] = [
        Self::NewCustomers,
        Self::LostCustomers,
        Self::WonBackCustomers,
        Self::Visits,
        Self::StrangerVisits,
        Self::Touches,
        Self::NetSales,
        Self::NewCustomerSales,
        Self::ExistingCustomerSales,
        Self::SalesGrowth,
        Self::GrowthFromNew,
        Self::GrowthFromExisting,
        Self::VisitMinimum,
        Self::CrossSellSales,
        Self::CrossSellCount,
        Self::GrossMargin,
        Self::LossRate,
        Self::TimeOnA,
        Self::Concentration,
        Self::Contribution,
    ];

    /// Those that are loaded only where a target, a plan or a person asks for them.
    pub const MORE: [Self; 10] = [
        Self::GrowthFromNew,
        Self::GrowthFromExisting,
        Self::VisitMinimum,
        Self::CrossSellSales,
        Self::CrossSellCount,
        Self::GrossMargin,
        Self::LossRate,
        Self::TimeOnA,
        Self::Concentration,
        Self::Contribution,
    ];

    /// The word in the database, in plans, URLs and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewCustomers => "new_customers",
            Self::LostCustomers => "lost_customers",
            Self::WonBackCustomers => "won_back_customers",
            Self::Visits => "visits",
            Self::StrangerVisits => "stranger_visits",
            Self::Touches => "touches",
            Self::NetSales => "net_sales",
            Self::NewCustomerSales => "new_customer_sales",
            Self::ExistingCustomerSales => "existing_customer_sales",
            Self::SalesGrowth => "sales_growth",
            Self::GrowthFromNew => "growth_from_new",
            Self::GrowthFromExisting => "growth_from_existing",
            Self::VisitMinimum => "visit_minimum",
            Self::CrossSellSales => "cross_sell_sales",
            Self::CrossSellCount => "cross_sell_count",
            Self::GrossMargin => "gross_margin",
            Self::LossRate => "loss_rate",
            Self::TimeOnA => "time_on_a",
            Self::Concentration => "concentration",
            Self::Contribution => "contribution",
        }
    }

    /// The words on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::NewCustomers => "New customers",
            Self::LostCustomers => "Lost customers",
            Self::WonBackCustomers => "Won-back customers",
            Self::Visits => "Visits",
            Self::StrangerVisits => "Stranger visits",
            Self::Touches => "Calls and online meetings",
            Self::NetSales => "Net sales",
            Self::NewCustomerSales => "Sales to new customers",
            Self::ExistingCustomerSales => "Sales to existing customers",
            Self::SalesGrowth => "Sales growth",
            Self::GrowthFromNew => "Growth from new customers",
            Self::GrowthFromExisting => "Growth from existing customers",
            Self::VisitMinimum => "Visit minimum met",
            Self::CrossSellSales => "Cross-sell sales",
            Self::CrossSellCount => "Categories cross-sold",
            Self::GrossMargin => "Gross margin",
            Self::LossRate => "Loss rate",
            Self::TimeOnA => "Time on A customers",
            Self::Concentration => "Share of the largest customer",
            Self::Contribution => "Contribution",
        }
    }

    /// Reads the word of [`Metric::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == text)
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::NetSales
            | Self::NewCustomerSales
            | Self::ExistingCustomerSales
            | Self::CrossSellSales
            | Self::GrossMargin
            | Self::Contribution => Unit::Money,
            Self::SalesGrowth
            | Self::GrowthFromNew
            | Self::GrowthFromExisting
            | Self::VisitMinimum
            | Self::LossRate
            | Self::TimeOnA
            | Self::Concentration => Unit::Fraction,
            _ => Unit::Count,
        }
    }

    /// Whether it compares sales with a base, as a fraction of it: shown with its sign, and paced in money.
    pub fn is_growth(self) -> bool {
        matches!(self, Self::SalesGrowth | Self::GrowthFromNew | Self::GrowthFromExisting)
    }

    /// Whether it is loaded only where it is asked for.
    pub fn is_more(self) -> bool {
        Self::MORE.contains(&self)
    }

    /// Whether its target is a limit: fewer is better.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::LostCustomers | Self::LossRate | Self::Concentration)
    }

    /// Whether there are periods in which it has no value: a share of nothing, or costs that nobody has set.
    pub fn may_lack_value(self) -> bool {
        self.unit() == Unit::Fraction || self == Self::Contribution
    }
}

/// What happened to one rep, team or company in one period: the answer of the one query
/// ([`crate::scorecards::db::facts`]) over which every metric is a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// First sales, less those undone in the period.
    pub new_customers: i64,
    /// Losses whose day has come.
    pub lost_customers: i64,
    /// Win-backs, less those undone in the period.
    pub won_back_customers: i64,
    /// Distinct rep (team and company: none), customer and day of in-person visits.
    pub visits: i64,
    /// Those of them to customers that had never bought.
    pub stranger_visits: i64,
    /// Distinct rep (team and company: none), customer, day and kind of calls and online meetings.
    pub touches: i64,
    /// Won deals less returns.
    pub net_sales: Money,
    /// The part of them to new customers.
    pub new_customer_sales: Money,
    /// What growth compares with the base where that is not `net_sales`: the sales of the book, of the basis `book`.
    pub book_sales: Option<Money>,
    /// Net sales of the base as far as the period has come; nothing where there is no base (week 53).
    pub net_sales_base: Option<Money>,
    /// Net sales of the whole base, over which a growth target is paced.
    pub net_sales_whole_base: Option<Money>,
    /// Sales to new customers that the base does not have: a step of its bridge. This and what follows is there only
    /// where it was asked for ([`Metric::MORE`]).
    pub growth_new: Option<Money>,
    /// Sales of categories that their customers had not bought before the period.
    pub cross_sell_sales: Option<Money>,
    /// First sales of a category to customers that had bought another one, less those undone in the period.
    pub cross_sell_count: Option<i64>,
    /// Net less cost of the lines whose cost is known.
    pub gross_margin: Option<Money>,
    /// The lines whose cost is not.
    pub lines_without_cost: i64,
    /// In how many days or weeks the minimum of visits was met.
    pub visit_minimum: Option<Kept>,
    /// How many customers bought and were owned when the period began.
    pub buying_customers: Option<i64>,
    /// The minutes spent with customers.
    pub time: Option<Time>,
    /// What customers bought in the twelve months up to the end of the period.
    pub largest: Option<Largest>,
    /// What the book brought and took.
    pub book: Option<Book>,
}

/// Minutes spent with customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Those with customers of class A.
    pub on_a: i64,
    /// All of them.
    pub all: i64,
}

/// What the largest customer bought, and what all of those did who bought more than they gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// The largest.
    pub one: Money,
    /// All.
    pub all: Money,
}

impl Facts {
    /// What growth compares with the base.
    pub fn growing_sales(&self) -> Money {
        self.book_sales.unwrap_or(self.net_sales)
    }
}

/// What a metric amounts to, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Whole things.
    Count(i64),
    /// Minor units of the company's currency.
    Money(Money),
    /// A ratio; 0.05 is shown as 5 %.
    Fraction(Ratio),
}

impl Value {
    /// The number, exact: a count, minor units, or the fraction.
    pub fn exact(self) -> Ratio {
        match self {
            Self::Count(count) => Ratio::from(count),
            Self::Money(money) => Ratio::from(money.0),
            Self::Fraction(ratio) => ratio,
        }
    }

    /// The number as a decimal: exact for counts and minor units; a fraction with up to 28 digits.
    pub fn decimal(self) -> Decimal {
        match self {
            Self::Count(count) => Decimal::from(count),
            Self::Money(money) => money.exact(),
            Self::Fraction(ratio) => ratio.decimal(),
        }
    }
}

/// **The** value of a metric. Growth has none where the base is missing, zero or below, no share has one of nothing; the
/// minimum of visits has none where none was expected, contribution while its costs are not set; what was not asked for
/// has none.
pub fn value(metric: Metric, facts: &Facts) -> Option<Value> {
    match metric {
        Metric::NewCustomers => Some(Value::Count(facts.new_customers)),
        Metric::LostCustomers => Some(Value::Count(facts.lost_customers)),
        Metric::WonBackCustomers => Some(Value::Count(facts.won_back_customers)),
        Metric::Visits => Some(Value::Count(facts.visits)),
        Metric::StrangerVisits => Some(Value::Count(facts.stranger_visits)),
        Metric::Touches => Some(Value::Count(facts.touches)),
        Metric::NetSales => Some(Value::Money(facts.net_sales)),
        Metric::NewCustomerSales => Some(Value::Money(facts.new_customer_sales)),
        Metric::ExistingCustomerSales => Some(Value::Money(facts.net_sales - facts.new_customer_sales)),
        Metric::SalesGrowth => growth(facts.growing_sales(), facts.net_sales_base?).map(Value::Fraction),
        Metric::GrowthFromNew => share_of_base(facts.growth_new?, facts.net_sales_base?).map(Value::Fraction),
        Metric::GrowthFromExisting => {
            growth(facts.growing_sales() - facts.growth_new?, facts.net_sales_base?).map(Value::Fraction)
        }
        Metric::VisitMinimum => {
            let Kept { met, of } = facts.visit_minimum?;
            share(met, of)
        }
        Metric::CrossSellSales => facts.cross_sell_sales.map(Value::Money),
        Metric::CrossSellCount => facts.cross_sell_count.map(Value::Count),
        Metric::GrossMargin => facts.gross_margin.map(Value::Money),
        Metric::LossRate => share(facts.lost_customers, facts.buying_customers?),
        Metric::TimeOnA => facts.time.and_then(|time| share(time.on_a, time.all)),
        Metric::Concentration => facts.largest.and_then(|largest| share(largest.one.0, largest.all.0)),
        Metric::Contribution => facts.book.and_then(|book| book.contribution()).map(Value::Money),
    }
}

/// `part ÷ all`, exact; nothing of nothing.
fn share(part: i64, all: i64) -> Option<Value> {
    (all > 0).then(|| Ratio::new(i128::from(part), i128::from(all))).flatten().map(Value::Fraction)
}

/// `part ÷ base`, exact; nothing for a base of zero or below.
fn share_of_base(part: Money, base: Money) -> Option<Ratio> {
    (base > Money::ZERO).then(|| Ratio::new(i128::from(part.0), i128::from(base.0))).flatten()
}

/// `(current − base) ÷ base`, exact; nothing for a base of zero or below.
fn growth(current: Money, base: Money) -> Option<Ratio> {
    let (current, base) = (i128::from(current.0), i128::from(base.0));
    (base > 0).then(|| Ratio::new(current - base, base)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth_of(current: i64, base: Option<i64>) -> Option<String> {
        let facts = Facts { net_sales: Money(current), net_sales_base: base.map(Money), ..Facts::default() };
        value(Metric::SalesGrowth, &facts).map(|value| value.exact().rounded(6).to_string())
    }

    #[test]
    fn growth_has_a_rate_only_over_a_base_above_zero() {
        assert_eq!(growth_of(108, Some(100)).as_deref(), Some("0.080000"));
        assert_eq!(growth_of(0, Some(300)).as_deref(), Some("-1.000000"));
        assert_eq!(growth_of(-100, Some(300)).as_deref(), Some("-1.333333"));
        assert_eq!(growth_of(100, Some(0)), None);
        assert_eq!(growth_of(100, Some(-5)), None);
        assert_eq!(growth_of(100, None), None);
    }

    #[test]
    fn growth_of_the_book_compares_its_own_sales() {
        let facts = Facts {
            net_sales: Money(900),
            book_sales: Some(Money(110)),
            net_sales_base: Some(Money(100)),
            ..Facts::default()
        };
        assert_eq!(
            value(Metric::SalesGrowth, &facts).map(|value| value.exact().rounded(6).to_string()).as_deref(),
            Some("0.100000")
        );
        assert_eq!(value(Metric::NetSales, &facts), Some(Value::Money(Money(900))));
    }

    #[test]
    fn existing_and_new_sales_add_up_to_net_sales() {
        let facts = Facts { net_sales: Money(500), new_customer_sales: Money(-20), ..Facts::default() };
        assert_eq!(value(Metric::ExistingCustomerSales, &facts), Some(Value::Money(Money(520))));
    }

    #[test]
    fn growth_is_that_from_new_customers_and_that_from_the_others() {
        let facts = Facts {
            net_sales: Money(1_150),
            net_sales_base: Some(Money(1_000)),
            growth_new: Some(Money(200)),
            ..Facts::default()
        };
        let of = |metric, facts: &Facts| value(metric, facts).map(|value| value.exact().rounded(6).to_string());
        assert_eq!(of(Metric::GrowthFromNew, &facts).as_deref(), Some("0.200000"));
        assert_eq!(of(Metric::GrowthFromExisting, &facts).as_deref(), Some("-0.050000"));
        assert_eq!(of(Metric::SalesGrowth, &facts).as_deref(), Some("0.150000"));
        let none = Facts { net_sales_base: Some(Money::ZERO), ..facts };
        assert_eq!((of(Metric::GrowthFromNew, &none), of(Metric::GrowthFromExisting, &none)), (None, None));
        let not_asked = Facts { growth_new: None, ..facts };
        assert_eq!(of(Metric::GrowthFromExisting, &not_asked), None);
    }

    #[test]
    fn a_minimum_that_nobody_expected_has_no_share() {
        let kept = |met, of| Facts { visit_minimum: Some(Kept { met, of }), ..Facts::default() };
        assert_eq!(value(Metric::VisitMinimum, &kept(16, 20)), Ratio::new(4, 5).map(Value::Fraction));
        assert_eq!(value(Metric::VisitMinimum, &kept(0, 0)), None);
    }

    #[test]
    fn shares_of_nothing_have_no_value() {
        let of = |metric, facts: &Facts| value(metric, facts).map(|value| value.exact().rounded(6).to_string());
        let facts = Facts {
            lost_customers: 3,
            buying_customers: Some(40),
            time: Some(Time { on_a: 90, all: 240 }),
            largest: Some(Largest { one: Money(25), all: Money(80) }),
            ..Facts::default()
        };
        let metrics = [Metric::LossRate, Metric::TimeOnA, Metric::Concentration];
        assert_eq!(
            metrics.map(|metric| of(metric, &facts).unwrap()),
            ["0.075000", "0.375000", "0.312500"].map(str::to_owned)
        );
        let (time, largest) = (Some(Time::default()), Some(Largest::default()));
        let nothing = Facts { lost_customers: 1, buying_customers: Some(0), time, largest, ..Facts::default() };
        assert_eq!(metrics.map(|metric| of(metric, &nothing)), [None, None, None]);
        assert_eq!(metrics.map(|metric| of(metric, &Facts::default())), [None, None, None], "not asked for");
    }

    #[test]
    fn words_are_read_back() {
        for metric in Metric::ALL {
            assert_eq!(Metric::parse(metric.as_str()), Some(metric));
        }
    }
}
