//! Whether two customers may be the same: by their names without spelling and legal form, and by their e-mail domains.

/// What is left of a name once spelling, punctuation and legal form are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKey {
    words: Vec<String>,
    /// The words without spaces.
    joined: Vec<char>,
}

/// Words that say how a company is set up, not what it is called.
const LEGAL_FORMS: [&str; 45] = [
    "ab",
    "ag",
    "aktiebolag",
    "ans",
    "aps",
    "as",
    "asa",
    "ba",
    "bhd",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "doo",
    "eg",
    "enk",
    "eu",
    "gmbh",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "ks",
    "limited",
    "llc",
    "llp",
    "ltd",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pty",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "srl",
    "sro",
    "ug",
];
/// Words that join others.
const JOINING: [&str; 6] = ["and", "et", "och", "og", "the", "und"];
/// Hosts of mail for everybody: sharing one means nothing.
const PUBLIC_HOSTS: [&str; 18] = [
    "aol.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "me.com",
    "msn.com",
    "online.no",
    "outlook.com",
    "proton.me",
    "t-online.de",
    "web.de",
    "yahoo.com",
];
/// Shorter names are similar only where they are the same.
const SHORTEST_FOR_ONE: usize = 5;
const SHORTEST_FOR_TWO: usize = 10;
/// A name of so many letters is similar to a longer one that begins with its words.
const SHORTEST_BEGINNING: usize = 6;

impl NameKey {
    /// The key of a name.
    pub fn of(name: &str) -> Self {
        let mut plain = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match c {
                '.' | '\'' | '’' | '`' | '/' => {}
                'æ' | 'ä' => plain.push_str("ae"),
                'ø' | 'ö' | 'œ' => plain.push_str("oe"),
                'å' => plain.push_str("aa"),
                'ü' => plain.push_str("ue"),
                'ß' => plain.push_str("ss"),
                'á' | 'à' | 'â' | 'ã' => plain.push('a'),
                'é' | 'è' | 'ê' | 'ë' => plain.push('e'),
                'í' | 'ì' | 'î' | 'ï' => plain.push('i'),
                'ó' | 'ò' | 'ô' | 'õ' => plain.push('o'),
                'ú' | 'ù' | 'û' => plain.push('u'),
                'ç' => plain.push('c'),
                'ñ' => plain.push('n'),
                c if c.is_alphanumeric() => plain.push(c),
                _ => plain.push(' '),
            }
        }
        let all = || plain.split_whitespace().map(str::to_owned);
        let telling = |word: &String| !LEGAL_FORMS.contains(&word.as_str()) && !JOINING.contains(&word.as_str());
        let mut words: Vec<String> = all().filter(telling).collect();
        if words.is_empty() {
            words = all().collect();
        }
        let joined = words.iter().flat_map(|word| word.chars()).collect();
        Self { words, joined }
    }

    /// Whether the names are the same but for spelling and legal form.
    pub fn is_same(&self, other: &Self) -> bool {
        !self.joined.is_empty() && (self.joined == other.joined || sorted(&self.words) == sorted(&other.words))
    }

    /// Whether the names may mean the same: the same, a letter or two apart, or one the beginning of the other. Names
    /// with different digits are different: “Store 12” is not “Store 13”.
    pub fn is_similar(&self, other: &Self) -> bool {
        if self.is_same(other) {
            return true;
        }
        let digits = |key: &Self| key.joined.iter().filter(|c| c.is_numeric()).copied().collect::<Vec<char>>();
        if digits(self) != digits(other) {
            return false;
        }
        let (short, long) = if self.joined.len() <= other.joined.len() { (self, other) } else { (other, self) };
        let apart = match short.joined.len() {
            SHORTEST_FOR_TWO.. => 2,
            SHORTEST_FOR_ONE.. => 1,
            _ => 0,
        };
        let begins = short.joined.len() >= SHORTEST_BEGINNING && long.words.starts_with(&short.words);
        begins || (apart > 0 && within(&short.joined, &long.joined, apart))
    }
}

/// The domain of an e-mail address by which a customer may be known; none where everybody may have one there.
pub fn telling_domain(email: &str) -> Option<String> {
    let domain = email.trim().rsplit_once('@')?.1.to_lowercase();
    (domain.contains('.') && !PUBLIC_HOSTS.contains(&domain.as_str())).then_some(domain)
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}

/// Whether so many letters added, taken away or replaced make one of the other.
fn within(a: &[char], b: &[char], most: usize) -> bool {
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.iter().zip(row.iter().skip(1)) {
            let value = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            next.push(value);
            (diagonal, left) = (above, value);
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_mean_the_same() {
        for (a, b, similar) in [
            ("Havn & Hage", "HAVN OG HAGE AS", true),
            ("Havn & Hage", "Havn-Hage A/S", true),
            ("Bäckerei Müller GmbH & Co. KG", "Baeckerei Mueller", true),
            ("Kafé Nord", "Kafe Nord Ltd.", true),
            ("Hansen, Ola", "Ola Hansen", true),
            ("Havnekafeen", "Havne Kafeen", true),
            ("Solberg", "Solbergs", true),
            ("Nordic Coffee", "Nordic Coffee Bergen", true),
            ("Torgkaféen Oslo", "Torgkafeen Olso", true),
            ("Havn", "Havna", false),
            ("Havn", "Hage", false),
            ("Store 12", "Store 13", false),
            ("Nordlys Catering", "Nordlys Hotel", false),
            ("Bergen Kaffe", "Trondheim Kaffe", false),
            ("AS", "Ltd", false),
            ("AS", "as", true),
            ("!!!", "???", false),
            ("東京商事", "東京商事", true),
        ] {
            assert_eq!(NameKey::of(a).is_similar(&NameKey::of(b)), similar, "{a} and {b}");
            assert_eq!(NameKey::of(b).is_similar(&NameKey::of(a)), similar, "{b} and {a}");
        }
    }

    #[test]
    fn only_domains_of_one_company_tell() {
        for (email, domain) in [
            ("siri@Havn.example", Some("havn.example")),
            ("siri@gmail.com", None),
            ("siri@localhost", None),
            ("siri", None),
            ("", None),
        ] {
            assert_eq!(telling_domain(email).as_deref(), domain, "{email}");
        }
    }

    proptest::proptest! {
        #[test]
        fn letters_apart_are_counted(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            for most in 0..4 {
                proptest::prop_assert_eq!(within(&a, &b, most), distance(&a, &b) <= most);
            }
        }
    }

    /// The definition, as slow as it is short.
    fn distance(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a @ ..], [y, b @ ..]) if x == y => distance(a, b),
            ([_, below @ ..], [_, beside @ ..]) => {
                1 + distance(below, b).min(distance(a, beside)).min(distance(below, beside))
            }
        }
    }
}
