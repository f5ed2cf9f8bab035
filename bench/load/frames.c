/* WebSocket frames (RFC 6455, 5.2): ours are masked, the server's are not. */
#include "load.h"

static const unsigned char key[4] = { 0x37, 0xfa, 0x21, 0x3d };

/* Write the header of a final frame, masked; tell its size. */
size_t writeHeader(unsigned char *bytes, unsigned char first, size_t length) {
  size_t at = 2;
  bytes[0] = first;
  if (length < 126) bytes[1] = (unsigned char)(0x80 | length);
  else if (length < 65536) {
    bytes[1] = 0x80 | 126;
    bytes[2] = (unsigned char)(length >> 8);
    bytes[3] = (unsigned char)length;
    at = 4;
  } else {
    bytes[1] = 0x80 | 127;
    for (int index = 0; index < 8; index++) bytes[2 + index] = (unsigned char)((uint64_t)length >> (56 - 8 * index));
    at = 10;
  }
  memcpy(bytes + at, key, 4);
  return at + 4;
}

void sendText(struct conn *conn, const char *text) {
  size_t length = strlen(text);
  unsigned char *bytes = malloc(length + 14);
  size_t start = writeHeader(bytes, 0x81, length);
  for (size_t index = 0; index < length; index++) bytes[start + index] = (unsigned char)text[index] ^ key[index & 3];
  append(conn, bytes, start + length);
  free(bytes);
}

static size_t headerSize(const unsigned char *header) {
  unsigned char length = header[1] & 0x7f;
  return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static void frameReceived(struct conn *conn, char *payload, uint64_t now) {
  unsigned char first = conn->header[0];
  if ((first & 0x0f) == 9) fail("the server sent a ping: turn its keepalive off for the benchmark");
  if ((first & 0x0f) == 8) fail("the server closed a connection: %.*s", (int)(conn->length > 2 ? conn->length - 2 : 0), payload + 2);
  unsigned char expected = options.deflate ? 0xc0 : 0x80;
  if ((first & 0xf0) != expected) fail("a frame begins with %02x", first);
  payloadReceived(conn, payload, (size_t)conn->length, now);
}

void framesReceived(struct conn *conn, const char *bytes, size_t count, uint64_t now) {
  size_t at = 0;
  while (at < count) {
    if (conn->headerLength < 2 || conn->headerLength < headerSize(conn->header)) {
      conn->header[conn->headerLength++] = (unsigned char)bytes[at++];
      if (conn->headerLength < 2 || conn->headerLength < headerSize(conn->header)) continue;
      size_t size = headerSize(conn->header);
      if (conn->header[1] & 0x80) fail("a server's frame is masked");
      conn->length = conn->header[1] & 0x7f;
      if (size > 2) conn->length = 0;
      for (size_t index = 2; index < size; index++) conn->length = conn->length << 8 | conn->header[index];
      if (conn->length > 1u << 28) fail("a frame says that it has %llu bytes", (unsigned long long)conn->length);
      conn->got = 0;
    }
    size_t part = count - at;
    if (part > conn->length - conn->got) part = conn->length - conn->got;
    char *payload = (char *)bytes + at;
    if (part < conn->length) {
      if (conn->partialSize < conn->length) conn->partial = realloc(conn->partial, conn->partialSize = conn->length);
      memcpy(conn->partial + conn->got, bytes + at, part);
      payload = conn->partial;
    }
    conn->got += part;
    at += part;
    if (conn->got < conn->length) return;
    frameReceived(conn, payload, now);
    conn->headerLength = 0;
    if (conn->phase == CLOSED) return;
  }
}
