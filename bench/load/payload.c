/*
 * What a message holds: text of `--size` bytes with the mark "~" and 12 digits that count, behind them "@" and the room's
 * 6 digits where there are several rooms, and padding. All else is the same in every message, and is compared.
 */
#include "load.h"

char *template;
size_t markAt;
static unsigned char *frame;      /* one message, framed and masked */
static size_t frameLength, payloadAt, digitsAt, idAt, roomAt, bodyRoomAt;
static const unsigned char key[4] = { 0x37, 0xfa, 0x21, 0x3d };

static int hasRooms(void) { return options.rooms > 1; }

/* JSON of exactly so many bytes, as an application might send it; compresses to about a quarter. */
static void fillJson(char *text, size_t size) {
  static const char *names[] = { "temperature", "humidity", "pressure", "light", "wind", "rain", "noise", "motion" };
  size_t at = (size_t)snprintf(text, size, "{\"n\":\"~%0*d\",\"readings\":[", DIGITS, 0);
  for (unsigned row = 0; at + 96 < size; row++)
    at += (size_t)snprintf(text + at, size - at, "%s{\"sensor\":%u,\"kind\":\"%s\",\"value\":%u.%02u,\"ok\":true}", row == 0 ? "" : ",",
      1000 + row * 37 % 911, names[row % 8], row * 7919 % 100, row * 104729 % 100);
  at += (size_t)snprintf(text + at, size - at, "],\"end\":\"");
  while (at < size - 2) text[at++] = 'x';
  memcpy(text + size - 2, "\"}", 2);
}

static void put(size_t at, const char *text, size_t length) {
  for (size_t index = 0; index < length; index++)
    frame[payloadAt + at + index] = (unsigned char)text[index] ^ key[(at + index) & 3];
}

static void writeDigits(char *digits, int count, uint64_t number) {
  for (int index = count - 1; index >= 0; index--, number /= 10) digits[index] = (char)('0' + number % 10);
}

static uint64_t readDigits(const char *digits, int count) {
  uint64_t number = 0;
  for (int index = 0; index < count; index++) {
    if (digits[index] < '0' || digits[index] > '9') fail("a message's number is %.*s", count, digits);
    number = number * 10 + (uint64_t)(digits[index] - '0');
  }
  return number;
}

static void makeDeflated(void) {
  size_t stored = markAt + 1 + DIGITS, room = options.size * 2 + 1024;
  unsigned char *bytes = malloc(room);
  size_t length = deflateTemplate(bytes, room, stored);
  frame = malloc(length + 14);
  payloadAt = writeHeader(frame, 0xc1, length);
  frameLength = payloadAt + length;
  put(0, (char *)bytes, length);
  digitsAt = 5 + markAt + 1;    /* behind the stored block's header */
  free(bytes);
}

/* Make the frame that every message is a copy of but for its numbers. */
void makePayload(void) {
  template = malloc(options.size + 1);
  if (options.deflate) {
    fillJson(template, options.size);
    markAt = (size_t)(strchr(template, MARK) - template);
    makeDeflated();
    return;
  }
  memset(template, 'x', options.size);
  template[0] = MARK;
  if (hasRooms()) template[1 + DIGITS] = '@';
  const char *before = "", *after = "";
  if (options.dialect == SOCKETIO) before = hasRooms() ? "42[\"m\",\"000000\",\"" : "42[\"m\",\"", after = "\"]";
  if (options.dialect == BUSBAR) before = "{\"id\":1000000000,\"do\":\"publish\",\"channel\":\"bench/000000\",\"data\":\"", after = "\"}";
  size_t start = strlen(before), length = start + options.size + strlen(after);
  frame = malloc(length + 14);
  payloadAt = writeHeader(frame, 0x81, length);
  frameLength = payloadAt + length;
  put(0, before, start);
  put(start, template, options.size);
  put(start + options.size, after, strlen(after));
  digitsAt = start + 1;
  bodyRoomAt = digitsAt + DIGITS + 1;
  idAt = strlen("{\"id\":");
  const char *room = strstr(before, "000000\"");
  roomAt = room == NULL ? 0 : (size_t)(room - before);
}

void sendMessage(struct conn *conn, int room, uint64_t number) {
  char digits[DIGITS];
  writeDigits(digits, DIGITS, number);
  put(digitsAt, digits, DIGITS);
  if (hasRooms()) {
    writeDigits(digits, ROOM_DIGITS, (uint64_t)room);
    put(roomAt, digits, ROOM_DIGITS);
    put(bodyRoomAt, digits, ROOM_DIGITS);
  }
  if (options.dialect == BUSBAR) {
    writeDigits(digits, 10, 1000000000u + ++conn->id);
    put(idAt, digits, 10);
  }
  append(conn, frame, frameLength);
}

static void alike(const char *bytes, size_t from, size_t to) {
  if (memcmp(bytes + from, template + from, to - from) != 0) fail("a message was changed: %.*s", (int)(to - from > 200 ? 200 : to - from), bytes + from);
}

struct body checkBody(const char *bytes, size_t length) {
  if (length < options.size) fail("a message has %zu bytes and should have %zu", length, options.size);
  size_t at = markAt + 1 + DIGITS;
  struct body body = { 0, 0 };
  alike(bytes, 0, markAt + 1);
  body.number = readDigits(bytes + markAt + 1, DIGITS);
  if (hasRooms()) {
    alike(bytes, at, at + 1);
    body.room = (int)readDigits(bytes + at + 1, ROOM_DIGITS);
    if (body.room >= options.rooms) fail("a message of room %d came", body.room);
    at += 1 + ROOM_DIGITS;
  }
  alike(bytes, at, options.size);
  if (options.dialect != RAW && (length == options.size || bytes[options.size] != '"')) fail("a message goes on behind its end");
  return body;
}
