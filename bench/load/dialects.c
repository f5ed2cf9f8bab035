/* What is said before the first message, and how a message lies in what comes. */
#include "load.h"

#define RESUME_MAX 1000   /* cursors in one command */

/* In how many rooms a connection is. Room r's members are the connections from r * members on, around and around. */
int laps(void) {
  return (int)(((long)options.rooms * options.members + options.conns - 1) / options.conns);
}

/* The room of a connection's so-manieth membership; -1 behind the last one. */
int roomOf(const struct conn *conn, int lap) {
  long place = (long)lap * options.conns + conn->index;
  return place < (long)options.rooms * options.members ? (int)(place / options.members) : -1;
}

int lapOf(const struct conn *conn, int room) {
  long first = (long)room * options.members;
  long ahead = (conn->index - first) % options.conns;
  if (ahead < 0) ahead += options.conns;
  return ahead < options.members ? (int)((first + ahead) / options.conns) : -1;
}

static void isReady(struct conn *conn) {
  conn->phase = READY;
  ready++;
}

static void sayHello(struct conn *conn) {
  char text[160];
  snprintf(text, sizeof text, "{\"id\":%llu,\"do\":\"hello\",\"client\":\"bench-client-%010d\"}", (unsigned long long)++conn->id, conn->index);
  sendText(conn, text);
}

/* Ask for the next rooms, from where the connection was in each. */
static void subscribeMore(struct conn *conn) {
  char *text = malloc(64 + RESUME_MAX * 160), separator = '[';
  int at = sprintf(text, "{\"id\":%llu,\"do\":\"resume\",\"cursors\":", (unsigned long long)++conn->id), room;
  for (int count = 0; count < RESUME_MAX && (room = roomOf(conn, conn->joined)) >= 0; count++, conn->joined++) {
    at += sprintf(text + at, "%c{\"channel\":\"bench/%06d\"", separator, room);
    if (conn->epoch[0] != 0)
      at += sprintf(text + at, ",\"from\":{\"epoch\":\"%s\",\"offset\":%llu}", conn->epoch, (unsigned long long)(conn->offset + conn->next[0]));
    text[at++] = '}';
    separator = ',';
  }
  strcpy(text + at, "]}");
  sendText(conn, text);
  free(text);
}

static void joinPresence(struct conn *conn) {
  char text[160];
  snprintf(text, sizeof text, "{\"id\":%llu,\"do\":\"join\",\"channel\":\"bench/000000\",\"state\":\"~%012d\"}", (unsigned long long)++conn->id, conn->index);
  sendText(conn, text);
  conn->joined = options.rooms + 1;
}

/* After each reply, the next thing to ask for. */
static void greetBusbar(struct conn *conn) {
  if (options.mode == HISTORY) {
    isReady(conn);
    return;
  }
  if (conn->joined > options.rooms) isReady(conn);
  else if (roomOf(conn, conn->joined) >= 0) subscribeMore(conn);
  else if (options.mode == PRESENCE) joinPresence(conn);
  else isReady(conn);
}

static void copyUpTo(char *to, const char *from, char end) {
  const char *stop = strchr(from, end);
  if (stop == NULL || stop - from >= NAME_MAX_BYTES) fail("cannot read %.80s", from);
  memcpy(to, from, (size_t)(stop - from));
  to[stop - from] = 0;
}

static void joinSocketIo(struct conn *conn) {
  char *text = malloc(64 + (size_t)laps() * 12);
  int at = sprintf(text, "42[\"join\"");
  for (int lap = 0, room; (room = roomOf(conn, lap)) >= 0; lap++) at += sprintf(text + at, ",\"%06d\"", room);
  strcpy(text + at, "]");
  sendText(conn, text);
  free(text);
}

static void greetSocketIo(struct conn *conn, const char *text) {
  if (text[0] == '0') {
    char open[256] = "40";
    if (conn->session[0] != 0) snprintf(open, sizeof open, "40{\"pid\":\"%s\",\"offset\":\"%s\"}", conn->session, conn->lastOffset);
    sendText(conn, open);
    return;
  }
  if (strncmp(text, "40", 2) == 0) {
    const char *session = strstr(text, "\"pid\":\"");
    char known[NAME_MAX_BYTES];
    strcpy(known, conn->session);
    if (session != NULL) copyUpTo(conn->session, session + 7, '"');
    if (known[0] != 0 && strcmp(known, conn->session) != 0) fail("the server does not know the session that it gave");
    if (options.rooms > 1) {
      joinSocketIo(conn);
      return;
    }
  }
  isReady(conn);
}

void greet(struct conn *conn) {
  conn->phase = GREETING;
  if (options.dialect == BUSBAR) sayHello(conn);
  else if (options.dialect == RAW) isReady(conn);
}

void headComplete(struct conn *conn) {
  if (options.deflate && strstr(conn->head, "server_no_context_takeover") == NULL)
    fail("the server does not agree to compress each message by itself: %s", conn->head);
  greet(conn);
}

static int begins(const char *payload, size_t length, const char *with) {
  size_t size = strlen(with);
  return length >= size && memcmp(payload, with, size) == 0;
}

/* The reply to the first command with a cursor says where it stands. */
static void keepPosition(struct conn *conn, const char *text) {
  const char *epoch = strstr(text, "\"epoch\":\""), *offset = strstr(text, "\"offset\":");
  if (options.mode != RESUME || conn->epoch[0] != 0 || epoch == NULL || offset == NULL) return;
  copyUpTo(conn->epoch, epoch + 9, '"');
  conn->offset = strtoull(offset + 9, NULL, 10);
}

static void replyReceived(struct conn *conn, const char *payload, size_t length) {
  if (memmem(payload, length, "\"error\"", 7) != NULL) fail("refused: %.*s", (int)length, payload);
  if (conn->phase != GREETING) return;
  char *text = strndup(payload, length);
  keepPosition(conn, text);
  free(text);
  greetBusbar(conn);
}

static void busbarReceived(struct conn *conn, const char *payload, size_t length, uint64_t now) {
  if (begins(payload, length, "{\"re\":")) return replyReceived(conn, payload, length);
  if (begins(payload, length, "{\"push\":\"presence\"")) return presenceReceived(conn, payload, length, now);
  if (!begins(payload, length, "{\"push\":\"message\"")) fail("this came: %.*s", (int)(length > 300 ? 300 : length), payload);
  const char *mark = memchr(payload, MARK, length);
  if (mark == NULL) fail("a message without a number came");
  messageReceived(conn, checkBody(mark, (size_t)(payload + length - mark)), now);
}

/* Socket.IO with connection state recovery puts an offset behind each message. */
static void socketIoReceived(struct conn *conn, const char *payload, size_t length, uint64_t now) {
  if (begins(payload, length, "2") && length == 1) return sendText(conn, "3");
  if (!begins(payload, length, "42[\"m\",\"")) fail("this came: %.*s", (int)(length > 300 ? 300 : length), payload);
  size_t at = strlen("42[\"m\",\"");
  struct body body = checkBody(payload + at, length - at);
  const char *behind = payload + at + options.size;
  if (options.mode == RESUME && begins(behind, (size_t)(payload + length - behind), "\",\"")) copyUpTo(conn->lastOffset, behind + 3, '"');
  messageReceived(conn, body, now);
}

void payloadReceived(struct conn *conn, char *payload, size_t length, uint64_t now) {
  /* Socket.IO sends what a session has missed before it says that the session is there. */
  int isMessage = begins(payload, length, "42[\"m\"");
  if (options.dialect == SOCKETIO && conn->phase == GREETING && !isMessage) {
    char *text = strndup(payload, length);
    greetSocketIo(conn, text);
    free(text);
  } else if (options.dialect == SOCKETIO) socketIoReceived(conn, payload, length, now);
  else if (options.dialect == BUSBAR) busbarReceived(conn, payload, length, now);
  else if (options.deflate) messageReceived(conn, checkDeflated(payload, length, conn->next[0]), now);
  else {
    if (length != options.size) fail("a message has %zu bytes and should have %zu", length, options.size);
    messageReceived(conn, checkBody(payload, length), now);
  }
}
