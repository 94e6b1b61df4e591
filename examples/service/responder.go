package service

import (
	"errors"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A Responder responds to the requests of a connection, without reading them: Begin is called for
// a head, Take for each piece of content if it wants some, and End. It is ready with Limits.
type Responder struct {
	Limits *Limits
	Out    []byte // the responses are appended to it
	Keep   bool   // another request may follow

	reply  Reply
	length int64 // of the content, or Chunked
	isHead bool  // the method is HEAD
	minor  int
	begun  bool  // the response
	size   int64 // of the content so far
}

// Begin begins the response to a valid request. last makes it say that it is the last one. If wants
// is false, Begin has responded, and any content must be dropped to find the next request.
func (r *Responder) Begin(req *picohttp.Request, v *picohttp.Verdict, last bool) (wants bool) {
	r.reset(req)
	r.length = v.Length
	if v.Body == picohttp.BodyChunked {
		r.length = Chunked // the client speaks HTTP/1.1: Check rejects chunked in HTTP/1.0
	}
	r.Keep = v.KeepAlive && !last
	r.reply = Route(req, v, r.Limits.MaxBody)
	if r.reply.Use == ToNothing {
		// Content that waits for 100 (Continue) may never come, and much is not worth reading.
		r.Keep = r.Keep && !v.ExpectContinue && v.Length <= r.Limits.MaxUnread
		r.respond(r.reply)
		return false
	}
	if v.ExpectContinue { // only now is it certain that the content is wanted
		r.Out = append(r.Out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	}
	return true
}

func (r *Responder) reset(req *picohttp.Request) {
	r.isHead, r.minor = string(req.Method()) == "HEAD", req.Minor()
	r.begun, r.size = false, 0
}

// ErrTooLarge is returned by Take, after it has responded.
var ErrTooLarge = errors.New("more content than is taken")

// Take takes a piece of content. After an error, no more is wanted.
func (r *Responder) Take(data []byte) error {
	r.size += int64(len(data))
	switch {
	case r.reply.Use == ToUpload && r.size > r.Limits.MaxBody:
		r.respond(TooLarge)
		return ErrTooLarge
	case r.reply.Use == ToUpload:
		return nil
	}
	// The response begins with the first content, so that content which is malformed before that
	// is responded to with 400.
	r.beginEcho()
	if r.length != Chunked {
		r.Out = append(r.Out, data...)
		return nil
	}
	r.Out = append(strconv.AppendInt(r.Out, int64(len(data)), 16), "\r\n"...)
	r.Out = append(append(r.Out, data...), "\r\n"...)
	return nil
}

func (r *Responder) beginEcho() {
	if !r.begun {
		r.begun = true
		r.Out = r.reply.AppendHead(r.Out, r.length, r.Keep, r.minor)
	}
}

// End ends a request of which all content was taken.
func (r *Responder) End(trailerFields int) {
	if r.reply.Use == ToUpload {
		r.respond(Uploaded(r.size, trailerFields))
		return
	}
	r.beginEcho()
	if r.length == Chunked {
		r.Out = append(r.Out, "0\r\n\r\n"...)
	}
}

// Reject responds to a request whose head is malformed, or without a request to the one that has
// begun, because its content is. If part of the response has been sent, the client sees from its
// end that something is wrong: the last chunk or some of the length is missing.
func (r *Responder) Reject(req *picohttp.Request, fault picohttp.Error) {
	if req != nil {
		r.reset(req)
	}
	r.Keep = false
	if !r.begun {
		r.respond(Rejected(fault))
	}
}

// respond responds with something that does not depend on content.
func (r *Responder) respond(reply Reply) {
	r.Keep = r.Keep && !reply.Close
	r.begun = true
	r.Out = reply.AppendHead(r.Out, int64(len(reply.Content)), r.Keep, r.minor)
	if !r.isHead {
		r.Out = append(r.Out, reply.Content...)
	}
}
