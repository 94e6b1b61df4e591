//! The side of httparse: it speaks as side.h says.

use std::alloc::{alloc, Layout};
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

fn lengths(r: &Request) -> usize {
    r.headers.iter().map(|f| f.name.len() + f.value.len()).sum()
}

fn wrong(i: usize) -> ! {
    die(format!("message {}: httparse does not read all of it, or does not refuse it", i))
}

fn parse_all(heads: &[Head], passes: usize, _: usize) -> usize {
    let mut fields = room();
    for _ in 0..passes {
        for (i, head) in heads.iter().enumerate() {
            let mut r = Request::new(&mut []);
            match parse(head, &mut r, &mut fields) {
                Outcome::Complete(n) if n == head.len() => {}
                _ => wrong(i),
            }
        }
    }
    0
}

fn read_all(heads: &[Head], passes: usize, _: usize) -> usize {
    let mut fields = room();
    let mut sum = 0;
    for _ in 0..passes {
        for (i, head) in heads.iter().enumerate() {
            let mut r = Request::new(&mut []);
            match parse(head, &mut r, &mut fields) {
                Outcome::Complete(n) if n == head.len() => {}
                _ => wrong(i),
            }
            sum += lengths(&r);
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

fn check(head: Head) -> String {
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
    format!("{} {} {} {} {:016x} {:016x}", n, r.headers.len(), names, values, hash, loose)
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
            "check-request" => check(heads[n]),
            "verdict" => verdict(heads[n]).to_string(),
            "keep" => keep(heads),
            "parse-request" => time(parse_all, heads, n, step, threads),
            "read-request" => time(read_all, heads, n, step, threads),
            "deliver" => time(deliver_all, heads, n, step, threads),
            "refuse" => time(refuse_all, heads, n, step, threads),
            _ => die("unknown command".to_string()),
        };
        println!("{}", answer);
        io::stdout().flush().unwrap();
    }
}
