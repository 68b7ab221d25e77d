//! A small reader of PDF files: the text of each page, as a person would copy it out.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
};

use flate2::read::ZlibDecoder;

/// The objects of a file: the words before a stream, and the stream as it was before it was packed.
struct File(BTreeMap<u32, (String, Vec<u8>)>);

/// The text of every page in order; each piece of text ends with a line.
pub fn pages(bytes: &[u8]) -> Vec<String> {
    assert!(bytes.starts_with(b"%PDF-"), "this is no PDF file");
    let file = File::read(bytes);
    let tree = file.0.values().find(|(words, _)| words.contains("/Type/Pages")).expect("a tree of pages");
    let kids = between(&tree.0, "/Kids[", "]");
    let pages: Vec<u32> = numbers(kids).chunks(2).map(|reference| reference[0]).collect();
    pages.iter().map(|page| file.text(*page)).collect()
}

impl File {
    fn read(bytes: &[u8]) -> Self {
        let mut objects = BTreeMap::new();
        let mut at = 0;
        while let Some(begin) = find(bytes, b" 0 obj", at) {
            let digits = bytes[..begin].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let number = String::from_utf8_lossy(&bytes[begin - digits..begin]).parse().unwrap();
            let end = find(bytes, b"endobj", begin).expect("an object ends");
            let stream = find(&bytes[..end], b"stream", begin);
            let words = squeezed(&bytes[begin + 6..stream.unwrap_or(end)]);
            let mut body = vec![];
            at = end;
            if let Some(stream) = stream {
                let length = numbers(between(&words, "/Length ", "/").trim_end_matches('>'))[0];
                let from = stream + 6 + bytes[stream + 6..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
                let packed = &bytes[from..from + usize::try_from(length).unwrap()];
                if words.contains("/FlateDecode") {
                    ZlibDecoder::new(packed).read_to_end(&mut body).unwrap();
                } else {
                    body = packed.to_vec();
                }
                at = find(bytes, b"endobj", from + packed.len()).expect("an object ends");
            }
            objects.insert(number, (words, body));
        }
        Self(objects)
    }

    /// What a key of a dictionary refers to.
    fn follow(&self, words: &str, key: &str) -> &(String, Vec<u8>) {
        let number = numbers(between(words, &format!("{key} "), "R"))[0];
        &self.0[&number]
    }

    fn text(&self, page: u32) -> String {
        let words = &self.0[&page].0;
        let fonts: HashMap<String, HashMap<u16, String>> = {
            let fonts = between(&self.follow(words, "/Resources").0, "/Font<<", ">>");
            let named = fonts.split('/').skip(1).map(|font| {
                let (name, reference) = font.split_once(' ').unwrap();
                let font = &self.0[&numbers(reference)[0]].0;
                (name.to_owned(), letters(&self.follow(font, "/ToUnicode").1))
            });
            named.collect()
        };
        let mut text = String::new();
        let mut font = &HashMap::new();
        for token in tokens(&self.follow(words, "/Contents").1) {
            match token {
                Token::Name(name) => font = fonts.get(&name).unwrap_or(font),
                Token::Text(codes) => {
                    for code in codes.chunks(2) {
                        let code = u16::from_be_bytes(code.try_into().unwrap());
                        text += font.get(&code).unwrap_or_else(|| panic!("{code} stands for no letter"));
                    }
                }
                Token::End => text.push('\n'),
            }
        }
        text
    }
}

/// What the glyphs of a font stand for.
fn letters(map: &[u8]) -> HashMap<u16, String> {
    let map = String::from_utf8_lossy(map).into_owned();
    let mut letters = HashMap::new();
    for block in map.split("beginbfchar").skip(1) {
        let block = block.split("endbfchar").next().unwrap();
        let hex: Vec<Vec<u8>> = block.split('<').skip(1).map(|hex| unhex(hex.split('>').next().unwrap())).collect();
        for pair in hex.chunks(2) {
            let code = u16::from_be_bytes(pair[0][..].try_into().unwrap());
            let utf16: Vec<u16> = pair[1].chunks(2).map(|two| u16::from_be_bytes(two.try_into().unwrap())).collect();
            letters.insert(code, String::from_utf16(&utf16).unwrap());
        }
    }
    letters
}

enum Token {
    Name(String),
    Text(Vec<u8>),
    End,
}

/// The fonts, texts and ends of text of a page, in order.
fn tokens(content: &[u8]) -> Vec<Token> {
    let mut tokens = vec![];
    let mut at = 0;
    while at < content.len() {
        match content[at] {
            b'/' => {
                let name = content[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).copied().collect();
                tokens.push(Token::Name(String::from_utf8(name).unwrap()));
                at += 1;
            }
            b'<' if content.get(at + 1) != Some(&b'<') => {
                let end = find(content, b">", at).unwrap();
                tokens.push(Token::Text(unhex(&String::from_utf8_lossy(&content[at + 1..end]))));
                at = end + 1;
            }
            b'(' => {
                let (text, end) = literal(content, at + 1);
                tokens.push(Token::Text(text));
                at = end;
            }
            b'E' if content[at..].starts_with(b"ET") => {
                tokens.push(Token::End);
                at += 2;
            }
            _ => at += if content[at..].starts_with(b"<<") { 2 } else { 1 },
        }
    }
    tokens
}

/// A string in parentheses, and where it ends.
fn literal(content: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let (mut text, mut depth) = (vec![], 0);
    loop {
        match content[at] {
            b')' if depth == 0 => return (text, at + 1),
            b'\\' => {
                at += 1;
                let octal: Vec<u8> =
                    content[at..].iter().take(3).take_while(|byte| (b'0'..b'8').contains(byte)).copied().collect();
                if octal.is_empty() {
                    text.push(match content[at] {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'f' => 12,
                        other => other,
                    });
                } else {
                    text.push(octal.iter().fold(0, |byte: u8, digit| byte.wrapping_mul(8) + (digit - b'0')));
                    at += octal.len() - 1;
                }
            }
            byte => {
                depth += i32::from(byte == b'(') - i32::from(byte == b')');
                text.push(byte);
            }
        }
        at += 1;
    }
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// The text with single spaces, and none beside brackets.
fn squeezed(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    for bracket in ["<<", ">>", "[", "]", "/"] {
        text = text.replace(&format!(" {bracket}"), bracket);
        if bracket != "/" {
            text = text.replace(&format!("{bracket} "), bracket);
        }
    }
    text
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let from = text.find(begin).unwrap_or_else(|| panic!("{begin} in {text}")) + begin.len();
    &text[from..from + text[from..].find(end).unwrap_or(text.len() - from)]
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|digit| digit.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}
