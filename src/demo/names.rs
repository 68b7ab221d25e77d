//! The people, towns and things of the demo company: invented, and spelled with care.

/// A rep of the demo company.
pub struct Rep {
    /// Name in the files.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// Team.
    pub team: &'static str,
    /// junior or senior.
    pub level: &'static str,
    /// How well they do, in percent of their target.
    pub skill: i64,
    /// Which plan pays them.
    pub plan: &'static str,
}

const fn rep(
    id: &'static str,
    name: &'static str,
    team: &'static str,
    level: &'static str,
    skill: i64,
    plan: &'static str,
) -> Rep {
    Rep { id, name, team, level, skill, plan }
}

/// The ten reps of the small company; larger ones repeat them with numbers behind their names.
pub const REPS: [Rep; 10] = [
    rep("amina", "Amina Yusuf", "North", "senior", 108, "Accelerator"),
    rep("jonas", "Jonas Lindqvist", "North", "senior", 104, "Accelerator"),
    rep("ingrid", "Ingrid Solberg", "North", "senior", 99, "Accelerator"),
    rep("marta", "Marta Kowalska", "South", "senior", 101, "Accelerator"),
    rep("piet", "Piet van Dam", "South", "senior", 96, "Farmer"),
    rep("elena", "Elena Rossi", "South", "junior", 93, "Hunter"),
    rep("tomas", "Tomás Silva", "West", "junior", 88, "Hunter"),
    rep("sofie", "Sofie Haugen", "West", "senior", 84, "Farmer"),
    rep("luc", "Luc Moreau", "West", "junior", 76, "Starter"),
    rep("hana", "Hana Novák", "West", "junior", 90, "Newcomer"),
];

/// Who manages which team: name in the files, name, the team that the person belongs to and manages.
pub const MANAGERS: [(&str, &str, &str); 4] = [
    ("kari", "Kari Berg", "Field team"),
    ("nils", "Nils Aas", "North"),
    ("sara", "Sara Lund", "South"),
    ("willem", "Willem Bakker", "West"),
];

/// First words of customers' names.
pub const FIRST: [&str; 40] = [
    "Fjord",
    "Nordlys",
    "Havn",
    "Torget",
    "Bryggen",
    "Kystens",
    "Gamlebyen",
    "Sjøbua",
    "Solsiden",
    "Elvebredden",
    "Fyret",
    "Lykten",
    "Skogen",
    "Bakke",
    "Måne",
    "Vinter",
    "Sommer",
    "Høst",
    "Vår",
    "Midnatt",
    "Storgata",
    "Lille",
    "Gode",
    "Blå",
    "Grønne",
    "Røde",
    "Gylne",
    "Hvite",
    "Søndre",
    "Nordre",
    "Vestre",
    "Østre",
    "Øvre",
    "Nedre",
    "Kirke",
    "Slotts",
    "Kongens",
    "Dronningens",
    "Fiske",
    "Eple",
];

/// Last words of customers' names, with their industry.
pub const LAST: [(&str, &str); 16] = [
    ("Kaffe", "Café"),
    ("Rosteri", "Café"),
    ("Bakeri", "Bakery"),
    ("Konditori", "Bakery"),
    ("Mat", "Grocery"),
    ("Delikatesser", "Grocery"),
    ("Kolonial", "Grocery"),
    ("Bistro", "Restaurant"),
    ("Spiseri", "Restaurant"),
    ("Kjøkken", "Restaurant"),
    ("Vinbar", "Bar"),
    ("Kro", "Restaurant"),
    ("Hotell", "Hotel"),
    ("Pensjonat", "Hotel"),
    ("Catering", "Catering"),
    ("Kiosk", "Grocery"),
];

/// Towns.
pub const TOWNS: [&str; 12] = [
    "Bergen",
    "Oslo",
    "Trondheim",
    "Stavanger",
    "Ålesund",
    "Bodø",
    "Tromsø",
    "Kristiansand",
    "Drammen",
    "Hamar",
    "Molde",
    "Larvik",
];

/// Products: each becomes a category of its own.
pub const PRODUCTS: [&str; 6] = ["Coffee", "Tea", "Chocolate", "Syrups", "Machines", "Service"];
