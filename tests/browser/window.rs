//! What a person does with a page: read it, click what is shown, fill in what has a label. Whatever is not there within
//! some seconds fails the test with the words of the page.

use std::time::{Duration, Instant};

use fantoccini::{
    Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    key::Key,
};
use serde_json::Value;

use crate::{chromium::Chromium, look, pace::Pace, paper};

/// How long a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A window, and what was found wrong with the pages that it has shown.
pub struct Window {
    pub chromium: Chromium,
    /// Where the application is: `http://127.0.0.1:…`.
    pub site: String,
    pub findings: Vec<String>,
    /// What a person would have had to do for it.
    pub pace: Pace,
}

impl Window {
    /// A new browser's window, for this site.
    pub async fn of(site: &str) -> Self {
        Self { chromium: Chromium::start().await, site: site.to_owned(), findings: vec![], pace: Pace::default() }
    }

    /// Goes to a path of the site, or to an address.
    pub async fn open(&self, to: &str) {
        let address = if to.starts_with('/') { format!("{}{to}", self.site) } else { to.to_owned() };
        self.pace.page();
        self.chromium.client.goto(&address).await.unwrap();
        self.note_page().await;
    }

    /// Waits for the page with this heading.
    pub async fn is_at(&self, heading: &str) {
        self.shown(&format!("//h1[normalize-space(.)={heading:?}]"), &format!("the page {heading:?}")).await;
    }

    /// Waits until the page says so somewhere.
    pub async fn sees(&self, words: &str) {
        let innermost = format!("[contains(normalize-space(.), {words:?})]");
        self.shown(&format!("//body//*{innermost}[not(.//*{innermost})]"), &format!("the words {words:?}")).await;
    }

    /// Clicks the link or button whose words begin so.
    pub async fn click(&self, words: &str) {
        let path = format!("//*[self::a or self::button or self::summary][starts-with(normalize-space(.), {words:?})]");
        self.press(&self.shown(&path, &format!("a link or button {words:?}")).await).await;
    }

    /// Clicks the first element that can be seen at this `XPath`.
    pub async fn click_at(&self, path: &str) {
        self.press(&self.shown(path, path).await).await;
    }

    /// Notes which page is in front, once it is there: before anything is done with it.
    async fn note_page(&self) {
        self.pace.at(&self.path().await);
    }

    /// The path of the page in front.
    pub async fn path(&self) -> String {
        self.chromium.client.current_url().await.unwrap().path().to_owned()
    }

    /// Presses a letter with the control key in the field with this label.
    pub async fn control(&self, label: &str, letter: &str) {
        let field = self.field(label).await;
        self.reveal(&field).await;
        field.send_keys(&(Key::Control + letter)).await.unwrap();
        self.pace.field(letter);
    }

    /// Presses a key wherever the keyboard is.
    pub async fn press_key(&self, key: impl Into<char>) {
        // To the keyboard, not to an element: what has it may be closing.
        let value = key.into();
        let pressed =
            KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.chromium.client.perform_actions(pressed).await.unwrap();
    }

    /// What the keyboard writes into: the label of its field.
    pub async fn at_keyboard(&self) -> String {
        let script = "const at = document.activeElement;
            return at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.tagName;";
        self.chromium.client.execute(script, vec![]).await.unwrap().as_str().unwrap_or_default().trim().to_owned()
    }

    /// Pastes a text into the field with this label.
    pub async fn paste(&self, label: &str, text: &str) {
        let field = serde_json::to_value(self.field(label).await).unwrap();
        let script = "const data = new DataTransfer();
            data.setData('text/plain', arguments[1]);
            arguments[0].focus();
            arguments[0].dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));";
        self.chromium.client.execute(script, vec![field, text.into()]).await.unwrap();
    }

    /// What of these elements stays covered by something else on a phone, however one scrolls to it.
    pub async fn covered(&self, selector: &str) -> Vec<String> {
        self.chromium.resize(390, 844).await;
        let script = "return [...document.querySelectorAll(arguments[0])].filter((element) => {
                element.scrollIntoView({ block: 'nearest', inline: 'center' });
                const box = element.getBoundingClientRect();
                return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) !== element;
            }).map((element) => element.id);";
        let covered = self.chromium.client.execute(script, vec![selector.into()]).await.unwrap();
        self.chromium.resize(1280, 900).await;
        serde_json::from_value(covered).unwrap()
    }

    /// Clicks a place in the top bar.
    pub async fn go(&self, place: &str) {
        let path = format!("//nav[@aria-label='Main']//a[normalize-space(.)={place:?}]");
        self.press(&self.shown(&path, &format!("the place {place:?}")).await).await;
    }

    /// Clicks a place that the top bar has no room for: in the profile menu.
    pub async fn go_by_menu(&self, place: &str) {
        self.press(&self.shown("//details[@class='menu']/summary", "the profile menu").await).await;
        self.click_at(&format!("//details[@class='menu']//a[normalize-space(.)={place:?}]")).await;
    }

    /// Opens the guide from the menu, and clicks a link of its steps.
    pub async fn take_step(&self, words: &str) {
        self.go_by_menu("First steps").await;
        self.is_at("First steps").await;
        let path = format!("//main//ol//a[normalize-space(.)={words:?}]");
        self.press(&self.shown(&path, &format!("the step {words:?}")).await).await;
    }

    /// Types into the field with this label, in place of what it holds.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        self.reveal(&field).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
        self.pace.field(text);
    }

    /// Puts a day (2026-10-28) into the date field with this label: how it is typed depends on the browser's language.
    pub async fn fill_day(&self, label: &str, day: &str) {
        let field = self.field(label).await;
        self.reveal(&field).await;
        let script = "arguments[0].value = arguments[1];
            for (const kind of ['input', 'change']) arguments[0].dispatchEvent(new Event(kind, { bubbles: true }));";
        let field = serde_json::to_value(field).unwrap();
        self.chromium.client.execute(script, vec![field, day.into()]).await.unwrap();
        self.pace.field("28102026");
    }

    /// Chooses the first option whose words begin so.
    pub async fn choose(&self, label: &str, option: &str) {
        let field = self.field(label).await;
        let path = format!(".//option[starts-with(normalize-space(.), {option:?})]");
        field.find(Locator::XPath(&path)).await.unwrap().click().await.unwrap();
        self.pace.field("");
    }

    /// Clicks the box or button to tick whose label begins so.
    pub async fn tick(&self, label: &str) {
        let path = format!("//label[.//input][starts-with(normalize-space(.), {label:?})]");
        self.press(&self.shown(&path, &format!("a box {label:?}")).await).await;
    }

    /// What the field with this label holds.
    pub async fn value(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// The words of the first element that the selector finds.
    pub async fn words(&self, selector: &str) -> String {
        self.chromium.client.find(Locator::Css(selector)).await.unwrap().text().await.unwrap()
    }

    /// The words of the first element that can be seen at this `XPath`.
    pub async fn words_at(&self, path: &str) -> String {
        self.shown(path, path).await.text().await.unwrap()
    }

    /// Signs out by the menu, and in with these: real people have a browser each, and stay signed in.
    pub async fn change_person(&self, email: &str, password: &str) {
        let aside = self.pace.aside(true);
        self.press(&self.shown("//details[@class='menu']/summary", "the profile menu").await).await;
        self.click("Sign out").await;
        self.sign_in(email, password).await;
        self.pace.aside(aside);
    }

    /// Fills in the page *Sign in*.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.is_at("Sign in").await;
        self.fill("E-mail", email).await;
        self.fill("Password", password).await;
        self.click("Sign in").await;
        self.shown("//details[@class='menu']/summary", "the profile menu").await;
    }

    /// Waits for a page of this person.
    pub async fn is_signed_in(&self, name: &str) {
        let path = format!("//details[@class='menu']/summary[contains(., {name:?})]");
        self.shown(&path, &format!("page of {name}")).await;
    }

    /// Looks whether the page in front is as every page must be; see [`look::over`]. What is found is kept for the end.
    pub async fn look_over(&mut self, name: &str) {
        let found = look::over(&self.chromium).await;
        self.findings.extend(found.into_iter().map(|finding| format!("{name}: {finding}")));
    }

    /// Looks whether the page in front prints whole; see [`paper::over`]. What is found is kept for the end.
    pub async fn print_over(&mut self, name: &str) {
        let found = paper::over(&self.chromium).await;
        self.findings.extend(found.into_iter().map(|finding| format!("{name}, printed: {finding}")));
        look::leave_paper(&self.chromium).await;
    }

    /// The field with this label; `Line 1: Quantity` is the field *Quantity* in the group *Line 1*.
    async fn field(&self, label: &str) -> Element {
        let (group, name) = label.split_once(": ").map_or((None, label), |(group, name)| (Some(group), name));
        let group = group.map(|group| format!("//fieldset[legend[normalize-space(.)={group:?}]]")).unwrap_or_default();
        let optional = format!("{name} optional");
        let path = format!(
            "{group}//*[self::input or self::select or self::textarea][@aria-label={name:?} or \
             @id=//label[normalize-space(.)={name:?} or normalize-space(.)={optional:?}]/@for]"
        );
        self.shown(&path, &format!("a field {label:?}")).await
    }

    /// Waits for the first such element that can be seen.
    async fn shown(&self, path: &str, what: &str) -> Element {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            for element in self.chromium.client.find_all(Locator::XPath(path)).await.unwrap_or_default() {
                // An element of the page before may be gone when it is asked.
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let address = self.chromium.client.current_url().await.unwrap();
        panic!("there is no {what} on {address}:\n{}\n{}", self.words("body").await, self.entries().await);
    }

    /// What stands in the fields of the page, and where the keyboard is.
    async fn entries(&self) -> Value {
        let script = "return [...document.querySelectorAll('input, select, textarea')]
            .map((field) => `${field.name}: ${field.value}`)
            .concat(`keyboard: ${document.activeElement.outerHTML.slice(0, 200)}`);";
        self.chromium.client.execute(script, vec![]).await.unwrap()
    }

    async fn press(&self, element: &Element) {
        self.note_page().await;
        self.reveal(element).await;
        let opens = ["a", "button"].contains(&&*element.tag_name().await.unwrap());
        element.click().await.unwrap();
        self.pace.press();
        if opens {
            self.pace.page();
        }
    }

    /// Scrolls there, to the middle: bars at the edges cover what is below them.
    async fn reveal(&self, element: &Element) {
        let element: Value = serde_json::to_value(element).unwrap();
        self.chromium.client.execute("arguments[0].scrollIntoView({ block: 'center' })", vec![element]).await.unwrap();
    }
}
