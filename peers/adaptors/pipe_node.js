// The parser of node itself, as a program that speaks the pipe protocol.
//
//	go run ./differ -pipe 'node=node adaptors/pipe_node.js'
'use strict';

const { HTTPParser } = process.binding('http_parser');

const chunkedHead = Buffer.from('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');

// read gives bytes to a new parser, and returns what it has called back about the first
// message.
function read(kind, b) {
	const m = { fields: [], trailers: [], body: [], headDone: false, done: false, error: null };
	const parser = new HTTPParser();
	parser.initialize(kind === 'response' ? HTTPParser.RESPONSE : HTTPParser.REQUEST, {});
	parser[HTTPParser.kOnHeaders | 0] = (fields, url) => {
		if (m.done) return;
		(m.headDone ? m.trailers : m.fields).push(...fields);
		if (!m.headDone && url) m.target = url;
	};
	parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, fields, method, url, status, reason, upgrade, keepAlive) => {
		if (m.headDone) return 0;
		if (fields) m.fields.push(...fields);
		Object.assign(m, { headDone: true, major, minor, method, status, reason, upgrade, keepAlive });
		if (url) m.target = url;
		return 0;
	};
	parser[HTTPParser.kOnBody | 0] = (part) => {
		if (!m.done) m.body.push(Buffer.from(part));
	};
	parser[HTTPParser.kOnMessageComplete | 0] = () => {
		m.done = true;
	};
	const n = parser.execute(b);
	if (n instanceof Error) {
		m.error = n;
	} else if (m.headDone && !m.done && framing(kind, m).body === 'until-close') {
		parser.finish();
	}
	return m;
}

// shortest returns the length of the shortest beginning of b for which is true.
function shortest(kind, b, is) {
	let from = 0, to = b.length;
	while (from < to) {
		const middle = (from + to) >> 1;
		if (is(read(kind, b.subarray(0, middle)))) to = middle;
		else from = middle + 1;
	}
	return to;
}

function pairs(flat) {
	const fields = [];
	for (let i = 0; i + 1 < flat.length; i += 2) fields.push([flat[i], flat[i + 1].replace(/[ \t]+$/, '')]);
	return fields;
}

function framing(kind, m) {
	const of = (name) => pairs(m.fields).filter((f) => f[0].toLowerCase() === name).map((f) => f[1]);
	const f = { body: 'none', keep_alive: m.keepAlive };
	if (kind === 'response' && (m.status < 200 || m.status === 204 || m.status === 304)) return f;
	if (kind === 'request' && m.upgrade && HTTPParser.methods !== undefined && method(m) === 'CONNECT') f.body = 'tunnel';
	else if (/(^|[, \t])chunked$/i.test(of('transfer-encoding').join(','))) f.body = 'chunked';
	else if (of('transfer-encoding').length > 0 && kind === 'response') f.body = 'until-close';
	else if (of('content-length').length > 0) {
		f.body = 'length';
		f.length = BigInt(of('content-length')[0]).toString();
	} else if (kind === 'response') f.body = 'until-close';
	return f;
}

const { methods, allMethods } = process.binding('http_parser');
const method = (m) => (allMethods || methods)[m.method];

// answer returns an object of the protocol, but the length in framing is a text: not every
// such number is one of JavaScript's.
function answer(kind, b) {
	const m = read(kind, b);
	const a = {};
	if (m.headDone) {
		a.n = shortest(kind, b, (m) => m.headDone);
		a.minor = m.minor;
		a.fields = pairs(m.fields);
		a.framing = framing(kind, m);
		if (kind === 'response') Object.assign(a, { status_code: m.status, reason: m.reason });
		else Object.assign(a, { method: method(m), target: m.target });
	}
	if (m.done) {
		a.result = 'complete';
		a.length = a.framing.body === 'until-close' ? b.length : shortest(kind, b, (m) => m.done);
		a.body = Buffer.concat(m.body).toString('base64');
		a.trailers = pairs(m.trailers);
		return a;
	}
	a.stage = m.headDone ? 'body' : 'head';
	a.result = m.error ? 'malformed' : 'incomplete';
	if (m.error) {
		a.error = m.error.code;
		if (!m.headDone && /CONTENT_LENGTH|TRANSFER_ENCODING/.test(m.error.code)) a.stage = 'framing';
	}
	return a;
}

function line(kind, b) {
	if (kind !== 'chunked') return answer(kind, b);
	const a = answer('request', Buffer.concat([chunkedHead, b]));
	const out = { result: a.result, error: a.error };
	if (a.result === 'complete') Object.assign(out, { n: a.length - chunkedHead.length, body: a.body, trailers: a.trailers });
	return out;
}

const kind = process.argv[3];
require('readline').createInterface({ input: process.stdin }).on('line', (text) => {
	let json = JSON.stringify(line(kind, Buffer.from(text, 'base64')));
	json = json.replace(/"length":"(\d+)"/, '"length":$1');
	process.stdout.write(json.replace(/[\u007f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')) + '\n');
});
