//! The metrics: what is counted, in which unit, and whether more of it is better.

/// What a target is set on and a commission measures (docs/definitions.md, *Metric dictionary*).
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
    /// Every metric, in the order of the dictionary.
    pub const ALL: [Self; 10] = [
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
        }
    }

    /// Reads the word of [`Metric::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == text)
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::NetSales | Self::NewCustomerSales | Self::ExistingCustomerSales => Unit::Money,
            Self::SalesGrowth => Unit::Fraction,
            _ => Unit::Count,
        }
    }

    /// Whether its target is a limit: fewer is better.
    pub fn is_limit(self) -> bool {
        self == Self::LostCustomers
    }
}
