/*
 * permessage-deflate (RFC 7692), without a context that is taken over: each message is compressed by itself.
 *
 * What we send is compressed once: the number stands in a block that is stored, so that it can be changed in place. What
 * comes is inflated and compared once; a message of the same number whose compressed bytes are the same is the same.
 */
#include "load.h"
#include <zlib.h>

#define CHECKED_MAX 4096

struct checked { uint64_t number; size_t length, size; char *bytes; };

static struct checked checked[CHECKED_MAX];
static const unsigned char tail[4] = { 0x00, 0x00, 0xff, 0xff };

/* Write the template, its first bytes stored, the rest compressed; tell the length. */
size_t deflateTemplate(unsigned char *bytes, size_t size, size_t storedLength) {
  z_stream stream = { 0 };
  bytes[0] = 0;    /* a stored block that is not the last (RFC 1951, 3.2.4) */
  bytes[1] = (unsigned char)storedLength;
  bytes[2] = (unsigned char)(storedLength >> 8);
  bytes[3] = (unsigned char)~bytes[1];
  bytes[4] = (unsigned char)~bytes[2];
  memcpy(bytes + 5, template, storedLength);
  if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) fail("zlib does not start");
  stream.next_in = (unsigned char *)template + storedLength;
  stream.avail_in = (unsigned)(options.size - storedLength);
  stream.next_out = bytes + 5 + storedLength;
  stream.avail_out = (unsigned)(size - 5 - storedLength);
  if (deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_in > 0) fail("zlib does not compress");
  size_t length = (size_t)(stream.next_out - bytes) - sizeof tail;
  deflateEnd(&stream);
  return length;
}

/* Inflate one message; tell its length. */
static size_t inflateBody(const char *bytes, size_t length, char *out, size_t size) {
  static z_stream stream;
  static int isOpen;
  if (!isOpen && inflateInit2(&stream, -15) != Z_OK) fail("zlib does not start");
  isOpen = 1;
  inflateReset(&stream);
  stream.next_out = (unsigned char *)out;
  stream.avail_out = (unsigned)size;
  const void *parts[] = { bytes, tail };
  const size_t lengths[] = { length, sizeof tail };
  for (int part = 0; part < 2; part++) {
    stream.next_in = (unsigned char *)parts[part];
    stream.avail_in = (unsigned)lengths[part];
    int code = inflate(&stream, Z_SYNC_FLUSH);
    if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END) fail("a message cannot be inflated: %s", stream.msg);
    if (stream.avail_in > 0 && code != Z_STREAM_END) fail("a message inflates to more than %zu bytes", size);
  }
  return size - stream.avail_out;
}

struct body checkDeflated(const char *bytes, size_t length, uint64_t expected) {
  struct checked *one = &checked[expected % CHECKED_MAX];
  struct body body = { expected, 0 };
  if (one->length == length && one->number == expected && memcmp(one->bytes, bytes, length) == 0) return body;
  static char *inflated;
  if (inflated == NULL) inflated = malloc(options.size + 1);
  size_t whole = inflateBody(bytes, length, inflated, options.size + 1);
  if (whole != options.size) fail("a message has %zu bytes and should have %zu", whole, options.size);
  body = checkBody(inflated, whole);
  if (body.number != expected) return body;
  if (one->size < length) one->bytes = realloc(one->bytes, one->size = length);
  memcpy(one->bytes, bytes, length);
  one->length = length;
  one->number = expected;
  return body;
}
