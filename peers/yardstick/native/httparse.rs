//! The side of httparse: it speaks as side.h says.

use std::alloc::{alloc, Layout};
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::mem::{size_of, MaybeUninit};
use std::time::Instant;
use std::{env, fs, process, slice, thread};

use httparse::{Header, Request, Status};

const MAX_FIELDS: usize = 100;
const SLOT: usize = 64;

type Head = &'static [u8];
type Fields = [MaybeUninit<Header<'static>>; MAX_FIELDS];

fn die(what: String) -> ! {
    println!("error: {}", what);
    process::exit(1)
}

/// Reads the corpus to the beginning of a page, where the other sides map it.
fn load(path: &str) -> Vec<Head> {
    let file = fs::read(path).unwrap_or_else(|e| die(e.to_string()));
    let layout = Layout::from_size_align(file.len().max(1), 4096).unwrap();
    // The memory is new, large enough, and never freed.
    let mut rest: Head = unsafe {
        let p = alloc(layout);
        p.copy_from_nonoverlapping(file.as_ptr(), file.len());
        slice::from_raw_parts(p, file.len())
    };
    let mut heads = Vec::new();
    while rest.len() >= SLOT {
        let len = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        heads.push(&rest[SLOT..SLOT + len]);
        rest = &rest[SLOT + (len + SLOT - 1) / SLOT * SLOT..];
    }
    heads
}

enum Outcome {
    Complete(usize),
    Incomplete,
    Malformed,
}

/// Room for the fields that needs no initialising, as hyper has it.
fn room() -> Fields {
    unsafe { MaybeUninit::uninit().assume_init() }
}

#[inline(always)]
fn parse<'h>(head: Head, r: &mut Request<'h, 'static>, fields: &'h mut Fields) -> Outcome {
    match r.parse_with_uninit_headers(head, fields) {
        Ok(Status::Complete(n)) => Outcome::Complete(n),
        Ok(Status::Partial) => Outcome::Incomplete,
        Err(_) => Outcome::Malformed,
    }
}

/// What judge.h decides.
#[derive(Default)]
struct Judgment<'h> {
    host: Option<&'h [u8]>,
    content: i64,
    form: u8,
    keep_alive: bool,
    expect_continue: bool,
    expect_other: bool,
    upgrade: bool,
}

const CHUNKED: i64 = -1;
const TUNNEL: i64 = -2;

const REG_NAME: u8 = 1;
const DIGIT: u8 = 2;
const HEXDIG: u8 = 4;
const IP_LITERAL: u8 = 8;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut class = [0; 256];
    let mut i = 0;
    while i < class.len() {
        let c = i as u8;
        if c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'=') {
            class[i] |= REG_NAME;
        }
        if c.is_ascii_digit() {
            class[i] |= DIGIT;
        }
        if c.is_ascii_hexdigit() {
            class[i] |= HEXDIG;
        }
        if c.is_ascii_hexdigit() || matches!(c, b'.' | b':') {
            class[i] |= IP_LITERAL;
        }
        i += 1;
    }
    class
}

fn is(c: u8, class: u8) -> bool {
    CLASS[usize::from(c)] & class != 0
}

/// What follows the bytes of a class; four at a time take one branch.
fn skip(mut b: &[u8], class: u8) -> &[u8] {
    let of = |&c: &u8| CLASS[usize::from(c)];
    while let [w, x, y, z, rest @ ..] = b {
        if of(w) & of(x) & of(y) & of(z) & class == 0 {
            break;
        }
        b = rest;
    }
    while let [c, rest @ ..] = b {
        if of(c) & class == 0 {
            break;
        }
        b = rest;
    }
    b
}

fn is_host(b: &[u8]) -> bool {
    let rest = match b {
        [b'[', rest @ ..] => match skip(rest, IP_LITERAL) {
            [b']', rest @ ..] => rest,
            _ => return false,
        },
        _ => {
            let mut rest = skip(b, REG_NAME);
            while let [b'%', x, y, more @ ..] = rest {
                if !is(*x, HEXDIG) || !is(*y, HEXDIG) {
                    return false;
                }
                rest = skip(more, REG_NAME);
            }
            rest
        }
    };
    match rest {
        [] => true,
        [b':', port @ ..] => skip(port, DIGIT).is_empty(),
        _ => false,
    }
}

/// Reports whether b is the word, which is in lower case, ignoring case as judge.h does: without a branch for each byte.
fn same<const N: usize>(b: &[u8], word: &[u8; N]) -> bool {
    b.len() == N && b.iter().zip(word).fold(0, |diff, (x, y)| diff | (x ^ y) & !0x20) == 0
}

/// The elements of a comma-separated list.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&c| c == b',').map(|e| e.trim_ascii()).filter(|e| !e.is_empty())
}

fn content_length(b: &[u8]) -> Option<i64> {
    if b.is_empty() {
        return None;
    }
    b.iter().try_fold(0i64, |n, c| match c {
        b'0'..=b'9' => n.checked_mul(10)?.checked_add(i64::from(c - b'0')),
        _ => None,
    })
}

/// Decides the form of the request-target, and sets the host to its authority if it has one.
fn judge_target<'h>(method: &str, target: &'h [u8], j: &mut Judgment<'h>) -> bool {
    if target.contains(&b'#') {
        return false;
    }
    let connect = method == "CONNECT";
    if target.first() == Some(&b'/') {
        j.form = 1;
        return !connect;
    }
    if connect {
        j.form = 3;
        (j.host, j.content, j.keep_alive) = (Some(target), TUNNEL, false);
        return target[0] != b':' && target.contains(&b':') && target.last().map_or(false, |&c| is(c, DIGIT)) && is_host(target);
    }
    if target == b"*" {
        j.form = 4;
        return method == "OPTIONS";
    }
    let scheme = target.iter().position(|&c| c == b':').unwrap_or(0);
    if scheme == 0 || !target[scheme..].starts_with(b"://") {
        return false;
    }
    let authority = target[scheme + 3..].split(|c| matches!(c, b'/' | b'?')).next().unwrap();
    if authority.is_empty() || !is_host(authority) || j.host.map_or(false, |host| !host.eq_ignore_ascii_case(authority)) {
        return false;
    }
    (j.form, j.host) = (2, Some(authority));
    true
}

fn judge<'h>(r: &Request<'_, 'h>) -> Option<Judgment<'h>> {
    let mut j = Judgment::default();
    let (mut close, mut keep_alive, mut upgrade, mut upgrade_field) = (false, false, false, false);
    let (mut expect_continue, mut expect_other, mut chunked, mut length) = (false, false, false, None);
    for f in r.headers.iter() {
        let name = f.name.as_bytes();
        match name.len() {
            4 if same(name, b"host") => {
                if j.host.is_some() || !is_host(f.value) {
                    return None;
                }
                j.host = Some(f.value);
            }
            6 if same(name, b"expect") => {
                for e in elements(f.value) {
                    match same(e, b"100-continue") {
                        true => expect_continue = true,
                        false => expect_other = true,
                    }
                }
            }
            7 if same(name, b"upgrade") => upgrade_field |= !f.value.is_empty(),
            10 if same(name, b"connection") => {
                for e in elements(f.value) {
                    close |= same(e, b"close");
                    keep_alive |= same(e, b"keep-alive");
                    upgrade |= same(e, b"upgrade");
                }
            }
            14 if same(name, b"content-length") => {
                if length.is_some() {
                    return None;
                }
                length = Some(content_length(f.value)?);
            }
            17 if same(name, b"transfer-encoding") => {
                if chunked || !same(f.value, b"chunked") {
                    return None;
                }
                chunked = true;
            }
            _ => {}
        }
    }
    let minor = r.version.unwrap();
    if j.host.is_none() && minor > 0 || chunked && (length.is_some() || minor == 0) {
        return None;
    }
    j.content = if chunked { CHUNKED } else { length.unwrap_or(0) };
    let has_content = j.content != 0;
    j.keep_alive = !close && (minor > 0 || keep_alive);
    j.upgrade = minor > 0 && upgrade && upgrade_field;
    j.expect_continue = minor > 0 && expect_continue && has_content;
    j.expect_other = minor > 0 && expect_other;
    let right = judge_target(r.method.unwrap(), r.path.unwrap().as_bytes(), &mut j);
    (right && !(j.content == TUNNEL && has_content)).then_some(j)
}

fn find<'h, const N: usize>(r: &Request<'_, 'h>, name: &[u8; N]) -> &'h [u8] {
    r.headers.iter().find(|f| same(f.name.as_bytes(), name)).map_or(&[], |f| f.value)
}

/// The host and the values of three fields, the last of which is in no head.
fn look_up<'h>(r: &Request<'_, 'h>, j: &Judgment<'h>) -> [&'h [u8]; 4] {
    [j.host.unwrap_or(&[]), find(r, b"accept-encoding"), find(r, b"cookie"), find(r, b"x-absent")]
}

fn lengths(r: &Request) -> usize {
    r.headers.iter().map(|f| f.name.len() + f.value.len()).sum()
}

fn wrong(i: usize) -> ! {
    die(format!("message {}: httparse does not read all of it, or does not refuse it", i))
}

/// What is done with a head, each with what is before it.
const PARSE: usize = 0;
const TAKE: usize = 1;
const RESPOND: usize = 2;

fn each<const DEPTH: usize>(heads: &[Head], passes: usize, _: usize) -> usize {
    let mut fields = room();
    let mut sum = 0;
    for _ in 0..passes {
        for (i, head) in heads.iter().enumerate() {
            let mut r = Request::new(&mut []);
            match parse(head, &mut r, &mut fields) {
                Outcome::Complete(n) if n == head.len() => {}
                _ => wrong(i),
            }
            if DEPTH >= RESPOND {
                match judge(&r) {
                    Some(j) => sum += look_up(&r, black_box(&j)).iter().map(|v| v.len()).sum::<usize>(),
                    None => wrong(i),
                }
            }
            if DEPTH >= TAKE {
                sum += lengths(&r);
            }
        }
    }
    sum
}

/// It remembers nothing between the pieces, so each call begins with the first byte.
fn deliver_all(heads: &[Head], passes: usize, step: usize) -> usize {
    let mut fields = room();
    let mut sum = 0;
    for _ in 0..passes {
        for (i, head) in heads.iter().enumerate() {
            let by = if step > 0 { step } else { (head.len() + 1) / 2 };
            let mut end = 0;
            loop {
                end = (end + by).min(head.len());
                let mut r = Request::new(&mut []);
                match parse(&head[..end], &mut r, &mut fields) {
                    Outcome::Complete(n) if n == head.len() => {
                        sum += lengths(&r);
                        break;
                    }
                    Outcome::Incomplete if end < head.len() => {}
                    _ => wrong(i),
                }
            }
        }
    }
    sum
}

fn refuse_all(heads: &[Head], passes: usize, _: usize) -> usize {
    let mut fields = room();
    for _ in 0..passes {
        for (i, head) in heads.iter().enumerate() {
            let mut r = Request::new(&mut []);
            match parse(head, &mut r, &mut fields) {
                Outcome::Malformed => {}
                _ => wrong(i),
            }
        }
    }
    0
}

const DIGEST_START: u64 = 0xcbf29ce484222325;

fn digest(mut hash: u64, bytes: &[u8]) -> u64 {
    for &c in bytes {
        hash = (hash ^ u64::from(c)).wrapping_mul(0x100000001b3);
    }
    hash.wrapping_mul(0x100000001b3)
}

fn verdict(head: Head) -> &'static str {
    let mut fields = room();
    match parse(head, &mut Request::new(&mut []), &mut fields) {
        Outcome::Complete(_) => "accepts",
        Outcome::Incomplete => "waits",
        Outcome::Malformed => "refuses",
    }
}

fn check(head: Head, serve: bool) -> String {
    let mut fields = room();
    let mut r = Request::new(&mut []);
    let n = match parse(head, &mut r, &mut fields) {
        Outcome::Complete(n) => n,
        _ => return verdict(head).to_string(),
    };
    let mut hash = digest(DIGEST_START, r.method.unwrap().as_bytes());
    hash = digest(hash, r.path.unwrap().as_bytes());
    hash = digest(hash, r.version.unwrap().to_string().as_bytes());
    let (mut loose, mut names, mut values) = (hash, 0, 0);
    for f in r.headers.iter() {
        hash = digest(digest(hash, f.name.as_bytes()), f.value);
        let name = digest(DIGEST_START, f.name.to_ascii_lowercase().as_bytes());
        loose = loose.wrapping_add(digest(name, f.value));
        names += f.name.len();
        values += f.value.len();
    }
    let mut more = String::new();
    if serve {
        let j = match judge(&r) {
            Some(j) => j,
            None => return "refuses".to_string(),
        };
        let found = look_up(&r, &j);
        values += found.iter().map(|v| v.len()).sum::<usize>();
        let found = found.iter().fold(DIGEST_START, |hash, v| digest(hash, v));
        more = format!(
            " {:016x} {} {} {}/{}/{}/{}",
            found, j.content, j.keep_alive, j.form, j.expect_continue, j.expect_other, j.upgrade
        );
    }
    format!("{} {} {} {} {:016x} {:016x}{}", n, r.headers.len(), names, values, hash, loose, more)
}

/// The bytes of a message that is kept: the head, the Request and its headers.
fn keep(heads: &[Head]) -> String {
    let mut bytes = 0;
    for head in heads {
        let mut fields = room();
        let mut r = Request::new(&mut []);
        parse(head, &mut r, &mut fields);
        bytes += head.len() + size_of::<Request>() + r.headers.len() * size_of::<Header>();
    }
    format!("{} 0 0", bytes / heads.len())
}

type Loop = fn(&[Head], usize, usize) -> usize;

fn time(run: Loop, heads: &'static [Head], passes: usize, step: usize, threads: usize) -> String {
    let start = Instant::now();
    let others: Vec<_> = (1..threads).map(|_| thread::spawn(move || run(heads, passes, step))).collect();
    let sum = run(heads, passes, step);
    for other in others {
        if other.join().unwrap() != sum {
            die("threads have different sums".to_string());
        }
    }
    format!("{} {}", start.elapsed().as_nanos(), sum)
}

fn main() {
    let args: Vec<String> = env::args().collect();
    if args.len() != 3 {
        die("usage: PROGRAM CORPUS THREADS".to_string());
    }
    let heads: &'static [Head] = Box::leak(load(&args[1]).into_boxed_slice());
    let threads: usize = args[2].parse().unwrap_or_else(|_| die("not a number of threads".to_string()));
    println!("httparse of {}, {}", env!("SOURCE"), env!("BUILD"));
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if words.len() != 3 {
            die("a command is a word and two numbers".to_string());
        }
        let number = |word: &str| word.parse::<usize>().unwrap_or_else(|_| die("not a number".to_string()));
        let (n, step) = (number(words[1]), number(words[2]));
        let answer = match words[0] {
            "check-request" => check(heads[n], false),
            "check-serve" => check(heads[n], true),
            "verdict" => verdict(heads[n]).to_string(),
            "keep" => keep(heads),
            "parse-request" => time(each::<PARSE>, heads, n, step, threads),
            "read-request" => time(each::<TAKE>, heads, n, step, threads),
            "serve-request" => time(each::<RESPOND>, heads, n, step, threads),
            "deliver" => time(deliver_all, heads, n, step, threads),
            "refuse" => time(refuse_all, heads, n, step, threads),
            _ => die("unknown command".to_string()),
        };
        println!("{}", answer);
        io::stdout().flush().unwrap();
    }
}
