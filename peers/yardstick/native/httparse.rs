//! The side of httparse: it speaks as side.h says.

use std::alloc::{alloc, Layout};
use std::arch::asm;
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

/// Room for the fields that needs no initialising, as hyper has it.
fn room() -> Fields {
    unsafe { MaybeUninit::uninit().assume_init() }
}

/// Returns the length of a head, or what becomes of it instead. It fills in r, because moving a Request takes time.
#[inline(always)]
fn parse<'h>(head: Head, r: &mut Request<'h, 'static>, fields: &'h mut Fields) -> Result<usize, &'static str> {
    match r.parse_with_uninit_headers(head, fields) {
        Ok(Status::Complete(n)) => Ok(n),
        Ok(Status::Partial) => Err("waits"),
        Err(_) => Err("refuses"),
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
    let mut classes = [0; 256];
    let mut i = 0;
    while i < classes.len() {
        let c = i as u8;
        let mark = matches!(c, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'=');
        let hex = c.is_ascii_hexdigit();
        classes[i] = (c.is_ascii_alphanumeric() || mark) as u8 * REG_NAME
            | c.is_ascii_digit() as u8 * DIGIT
            | hex as u8 * HEXDIG
            | (hex || c == b'.' || c == b':') as u8 * IP_LITERAL;
        i += 1;
    }
    classes
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

fn trim(mut b: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = b {
        b = rest;
    }
    b
}

/// The elements of a comma-separated list.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&c| c == b',').map(trim).filter(|e| !e.is_empty())
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
    die(format!("message {}: httparse does not read all of it, or does not reject it", i))
}

/// Makes the compiler store what p points to, as if it were used: side.h's function, because Debian's Rust has no black_box.
#[inline(always)]
fn keep_stores<T>(p: *const T) {
    unsafe { asm!("/* {} */", in(reg) p, options(nostack, preserves_flags)) }
}

#[inline(always)]
fn must<'h>(i: usize, head: Head, r: &mut Request<'h, 'static>, fields: &'h mut Fields) {
    if parse(head, r, fields) != Ok(head.len()) {
        wrong(i);
    }
    keep_stores(r.headers.as_ptr());
}

#[inline(always)]
fn parse_one(i: usize, head: Head, fields: &mut Fields, _: usize) -> usize {
    must(i, head, &mut Request::new(&mut []), fields);
    0
}

#[inline(always)]
fn read_one(i: usize, head: Head, fields: &mut Fields, _: usize) -> usize {
    let mut r = Request::new(&mut []);
    must(i, head, &mut r, fields);
    lengths(&r)
}

#[inline(always)]
fn serve_one(i: usize, head: Head, fields: &mut Fields, _: usize) -> usize {
    let mut r = Request::new(&mut []);
    must(i, head, &mut r, fields);
    let j = judge(&r).unwrap_or_else(|| wrong(i));
    keep_stores(&j);
    look_up(&r, &j).iter().map(|v| v.len()).sum::<usize>() + lengths(&r)
}

/// httparse remembers nothing between the pieces, so each call begins with the first byte.
#[inline(always)]
fn deliver_one(i: usize, head: Head, fields: &mut Fields, step: usize) -> usize {
    let by = if step > 0 { step } else { (head.len() + 1) / 2 };
    let mut end = 0;
    loop {
        end = (end + by).min(head.len());
        let mut r = Request::new(&mut []);
        match parse(&head[..end], &mut r, fields) {
            Ok(n) if n == head.len() => return lengths(&r),
            Err("waits") if end < head.len() => {}
            _ => wrong(i),
        }
    }
}

#[inline(always)]
fn refuse_one(i: usize, head: Head, fields: &mut Fields, _: usize) -> usize {
    if parse(head, &mut Request::new(&mut []), fields) != Err("refuses") {
        wrong(i);
    }
    0
}

/// A string of an answer.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(" x".to_string(), |text, c| text + &format!("{:02x}", c))
}

fn check_request(head: Head) -> Result<String, &'static str> {
    let mut fields = room();
    let mut r = Request::new(&mut []);
    let n = parse(head, &mut r, &mut fields)?;
    let (method, target) = (r.method.unwrap().as_bytes(), r.path.unwrap().as_bytes());
    let fields: String = r.headers.iter().map(|f| hex(f.name.as_bytes()) + &hex(f.value)).collect();
    Ok(format!("reads {}{}{} {}{}", n, hex(method), hex(target), r.version.unwrap(), fields))
}

fn check_serve(head: Head) -> Result<String, &'static str> {
    let mut fields = room();
    let mut r = Request::new(&mut []);
    parse(head, &mut r, &mut fields)?;
    let j = judge(&r).ok_or("refuses")?;
    let found: String = look_up(&r, &j).iter().map(|v| hex(v)).collect();
    Ok(format!(
        "serves {} {} {} {} {} {}{}",
        j.content, j.keep_alive, j.form, j.expect_continue, j.expect_other, j.upgrade, found
    ))
}

/// The bytes of a message that is kept: the head, the Request and its headers.
fn keep(heads: &[Head]) -> String {
    let mut bytes = 0;
    for (i, head) in heads.iter().enumerate() {
        let mut fields = room();
        let mut r = Request::new(&mut []);
        must(i, head, &mut r, &mut fields);
        bytes += head.len() + size_of::<Request>() + r.headers.len() * size_of::<Header>();
    }
    format!("{} 0 0", bytes / heads.len())
}

struct Side {
    heads: &'static [Head],
    threads: usize,
    passes: usize,
    step: usize,
}

impl Side {
    /// Takes the time of a loop that calls one with every head, in all threads, and of the sums of one of them.
    fn time<F>(&self, one: F) -> String
    where
        F: Fn(usize, Head, &mut Fields, usize) -> usize + Copy + Send + 'static,
    {
        let (heads, passes, step) = (self.heads, self.passes, self.step);
        let run = move || {
            let mut fields = room();
            let mut sum = 0;
            for _ in 0..passes {
                for (i, head) in heads.iter().enumerate() {
                    sum += one(i, head, &mut fields, step);
                }
            }
            sum
        };
        let start = Instant::now();
        let others: Vec<_> = (1..self.threads).map(|_| thread::spawn(run)).collect();
        let sum = run();
        for other in others {
            if other.join().unwrap() != sum {
                die("threads have different sums".to_string());
            }
        }
        format!("{} {}", start.elapsed().as_nanos(), sum)
    }
}

fn main() {
    let args: Vec<String> = env::args().collect();
    if args.len() != 3 {
        die("usage: PROGRAM CORPUS THREADS".to_string());
    }
    let number = |word: &str| word.parse::<usize>().unwrap_or_else(|_| die(format!("not a number: {}", word)));
    let heads: &[Head] = Box::leak(load(&args[1]).into_boxed_slice());
    let threads = number(&args[2]);
    println!("{}", env!("ABOUT"));
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if words.len() != 3 {
            die("a command is a word and two numbers".to_string());
        }
        let (passes, step) = (number(words[1]), number(words[2]));
        let head = || *heads.get(passes).unwrap_or_else(|| die("no such message".to_string()));
        let side = Side { heads, threads, passes, step };
        let answer = match words[0] {
            "check-request" => check_request(head()).unwrap_or_else(str::to_string),
            "check-serve" => check_serve(head()).unwrap_or_else(str::to_string),
            "keep" => keep(heads),
            "parse-request" => side.time(parse_one),
            "read-request" => side.time(read_one),
            "serve-request" => side.time(serve_one),
            "deliver" => side.time(deliver_one),
            "refuse" => side.time(refuse_one),
            _ => die("unknown command".to_string()),
        };
        println!("{}", answer);
        io::stdout().flush().unwrap();
    }
}
