// Node's own parser, as a program that speaks the pipe protocol.
'use strict';

const { HTTPParser, methods, allMethods = methods } = process.binding('http_parser');

const chunkedHead = Buffer.from('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');

// read gives bytes to a new parser, and returns what its callbacks got of the first message.
function read(kind, b) {
	const m = { fields: [], trailers: [], body: [] };
	const parser = new HTTPParser();
	parser.initialize(kind === 'response' ? HTTPParser.RESPONSE : HTTPParser.REQUEST, {});
	parser[HTTPParser.kOnHeaders | 0] = (fields, url) => {
		if (m.done) return;
		(m.head ? m.trailers : m.fields).push(...fields);
		if (!m.head && url) m.target = url;
	};
	parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, fields, method, url, status, reason, upgrade, keepAlive) => {
		if (m.head) return 0;
		if (fields) m.fields.push(...fields);
		if (url) m.target = url;
		m.head = { minor, fields: pairs(m.fields), framing: { body: 'none', keep_alive: keepAlive } };
		if (kind === 'response') Object.assign(m.head, { status_code: status, reason });
		else Object.assign(m.head, { method: allMethods[method], target: m.target });
		frame(m.head, upgrade);
		return 0;
	};
	parser[HTTPParser.kOnBody | 0] = (part) => {
		if (!m.done) m.body.push(Buffer.from(part));
	};
	parser[HTTPParser.kOnMessageComplete | 0] = () => {
		m.done = true;
	};
	const n = parser.execute(b);
	if (n instanceof Error) m.error = n;
	else if (m.head && !m.done && m.head.framing.body === 'until-close') parser.finish();
	return m;
}

// frame determines where the body ends, which the parser does not report.
function frame(head, upgrade) {
	const { framing, status_code: status } = head;
	const of = (name) => head.fields.filter((f) => f[0].toLowerCase() === name).map((f) => f[1]);
	const codings = of('transfer-encoding'), lengths = of('content-length');
	if (status < 200 || status === 204 || status === 304) return;
	if (upgrade && head.method === 'CONNECT') framing.body = 'tunnel';
	else if (/(^|[, \t])chunked$/i.test(codings.join(','))) framing.body = 'chunked';
	else if (lengths.length > 0 && !(status && codings.length > 0)) Object.assign(framing, { body: 'length', length: BigInt(lengths[0]).toString() });
	else if (status) framing.body = 'until-close';
}

// shortest returns the length of the shortest prefix of b for which is returns true.
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

function answer(kind, b) {
	const m = read(kind, b);
	const a = { ...m.head, stage: m.head ? 'body' : 'head', result: m.error ? 'malformed' : 'incomplete' };
	if (m.head) a.n = shortest(kind, b, (m) => m.head);
	if (m.done) {
		a.result = 'complete';
		a.length = a.framing.body === 'until-close' ? b.length : shortest(kind, b, (m) => m.done);
		a.body = Buffer.concat(m.body).toString('base64');
		a.trailers = pairs(m.trailers);
	} else if (m.error) {
		a.error = m.error.code;
		if (!m.head && /CONTENT_LENGTH|TRANSFER_ENCODING/.test(a.error)) a.stage = 'framing';
	}
	return a;
}

function chunked(b) {
	const { result, error, length, body, trailers } = answer('request', Buffer.concat([chunkedHead, b]));
	return { result, error, body, trailers, n: length && length - chunkedHead.length };
}

const kind = process.argv[3];
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
	const b = Buffer.from(line, 'base64');
	const json = JSON.stringify(kind === 'chunked' ? chunked(b) : answer(kind, b))
		.replace(/"length":"(\d+)"/, '"length":$1') // JavaScript's numbers cannot hold every length
		.replace(/[\u007f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
	process.stdout.write(json + '\n');
});
