//! httparse as a function of C, for httparse.c.

use std::mem::MaybeUninit;
use std::slice;

use httparse::{Header, Request, Status};

/// The beginning of struct request in side.h, with its max_fields.
#[repr(C)]
pub struct Parsed {
    method: *const u8,
    target: *const u8,
    method_len: usize,
    target_len: usize,
    minor: i32,
    num_fields: usize,
    fields: [MaybeUninit<Header<'static>>; 100],
}

/// Parses a head of len bytes, which outlive r, and returns its length, malformed or incomplete. httparse writes each field
/// where C reads it. Rust does not promise that a Header has the layout of C's field. If it had not, every comparison with
/// picohttp would fail.
#[no_mangle]
pub unsafe extern "C" fn httparse(r: &mut Parsed, bytes: *const u8, len: usize) -> isize {
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(slice::from_raw_parts(bytes, len), &mut r.fields) {
        Ok(Status::Complete(n)) => {
            let (method, target) = (request.method.unwrap(), request.path.unwrap());
            r.method = method.as_ptr();
            r.method_len = method.len();
            r.target = target.as_ptr();
            r.target_len = target.len();
            r.minor = i32::from(request.version.unwrap());
            r.num_fields = request.headers.len();
            n as isize
        }
        Ok(Status::Partial) => -2,
        Err(_) => -1,
    }
}
