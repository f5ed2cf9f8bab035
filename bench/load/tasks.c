/* Tasks that only a system with logs and presence has: resuming, reading history, presence. */
#include "load.h"

/* ---- resuming: all are cut, miss messages, and come back at once ---- */

static int wanted;

static int haveAll(void) {
  for (int index = 0; index < options.conns; index++)
    if (conns[index].next[0] < (uint64_t)wanted) return 0;
  return 1;
}

static int hasPublisherAll(void) { return conns[0].next[0] == (uint64_t)wanted; }

/* The first connection publishes, and stays while the others are away. */
static void publishUpTo(int count, int (*isDone)(void)) {
  while (wanted < count) {
    sendMessage(&conns[0], 0, (uint64_t)wanted++);
    if (wanted % options.inflight == 0) runUntil(hasPublisherAll, options.drainMs, "messages are missing");
  }
  runUntil(isDone, options.drainMs, "messages are missing");
}

static int isComplete(const struct conn *conn) { return conn->next[0] >= (uint64_t)wanted; }

void runResume(void) {
  static int told;
  publishUpTo(1, haveAll);    /* whoever has got nothing has nothing to go on from */
  for (int index = 1; index < options.conns; index++) closeConn(&conns[index]);
  runFor(500);
  publishUpTo(1 + options.missed, hasPublisherAll);
  startMeasure();
  openConns(1, options.conns);
  char *isTold = calloc((size_t)options.conns, 1);
  uint64_t giveUp = nowNs() + (uint64_t)options.drainMs * 8000000u;
  while (told < options.conns - 1) {
    turn(100);
    uint64_t now = nowNs();
    if (now > giveUp) fail("messages are missing: %d of %d have all of them", told, options.conns - 1);
    for (int index = 1; index < options.conns; index++) {
      if (isTold[index] || !isComplete(&conns[index])) continue;
      isTold[index] = 1;
      told++;
      recordLatency(now - conns[index].begunAt);
    }
  }
  endMeasure();
  uint64_t all = (uint64_t)(options.conns - 1) * (uint64_t)options.missed;
  if (operations != all) fail("%llu messages came where %llu should", (unsigned long long)operations, (unsigned long long)all);
  free(isTold);
}

/* ---- history: each connection reads the newest messages, again and again ---- */

void historyRead(struct conn *conn) {
  char text[192];
  if (conn->received > 0) {
    snprintf(text, sizeof text, "{\"id\":%llu,\"do\":\"unsubscribe\",\"channel\":\"bench/000000\"}", (unsigned long long)++conn->id);
    sendText(conn, text);
  }
  snprintf(text, sizeof text, "{\"id\":%llu,\"do\":\"subscribe\",\"channel\":\"bench/000000\",\"from\":{\"last\":%d}}", (unsigned long long)++conn->id, options.missed);
  sendText(conn, text);
  outstanding++;
  conn->begunAt = nowNs();
  conn->next[0] = options.history - (uint64_t)options.missed;
}

void historyReceived(struct conn *conn, uint64_t number, uint64_t now) {
  if (number != conn->next[0])
    fail("message %llu came where %llu should", (unsigned long long)number, (unsigned long long)conn->next[0]);
  conn->next[0]++;
  conn->received++;
  if (isMeasuring) operations++;
  if (conn->next[0] < options.history) return;
  outstanding--;
  recordLatency(now - conn->begunAt);
  if (!isOver) historyRead(conn);
}

/* ---- presence: members change their states, and every member is told ---- */

#define MEMBERS_MAX 100000u

static int *known;              /* of each member, by each member: the version, from 1 */
static long knownCount, changing;
static struct { int version, got; uint64_t at; } *members;
static int nextMember;

void preparePresence(void) {
  known = calloc((size_t)options.conns * (size_t)options.conns, sizeof *known);
  members = calloc((size_t)options.conns, sizeof *members);
}

int knowAll(void) { return knownCount == (long)options.conns * options.conns; }

static void changeOne(uint64_t now) {
  struct conn *conn = &conns[nextMember];
  char text[160];
  members[nextMember].at = now;
  members[nextMember].got = 0;
  snprintf(text, sizeof text, "{\"id\":%llu,\"do\":\"join\",\"channel\":\"bench/000000\",\"state\":\"~%012llu\"}", (unsigned long long)++conn->id,
    (unsigned long long)++members[nextMember].version * MEMBERS_MAX + (unsigned)nextMember);
  sendText(conn, text);
  changing++;
  nextMember = (nextMember + 1) % options.conns;
}

void changePresence(uint64_t now) {
  for (int count = 0; count < options.inflight; count++) changeOne(now);
}

static void stateReceived(struct conn *conn, unsigned index, int version, uint64_t now) {
  if (index >= (unsigned)options.conns) fail("a member came who is none");
  int *mine = &known[(long)conn->index * options.conns + index];
  if (*mine == 0) {
    knownCount++;
    *mine = version;
    return;
  }
  if (version == *mine && members[index].at == 0) return;   /* all of them once more */
  if (version != *mine + 1) fail("version %d of a member came where %d should", version, *mine + 1);
  *mine = version;
  if (isMeasuring) operations++;
  recordLatency(now - members[index].at);
  if (++members[index].got < options.conns) return;
  changing--;
  if (!isOver) changeOne(now);
}

void presenceReceived(struct conn *conn, const char *payload, size_t length, uint64_t now) {
  if (options.mode != PRESENCE) fail("presence came unasked");
  if (memmem(payload, length, "\"left\":[\"", 9) != NULL) fail("a member left");
  const char *end = payload + length;
  for (const char *at = payload; (at = memchr(at, MARK, (size_t)(end - at))) != NULL; at++) {
    char digits[DIGITS + 1] = { 0 };
    if (end - at <= DIGITS) fail("a member's state is cut off");
    memcpy(digits, at + 1, DIGITS);
    unsigned long long number = strtoull(digits, NULL, 10);
    stateReceived(conn, (unsigned)(number % MEMBERS_MAX), (int)(number / MEMBERS_MAX) + 1, now);
  }
}

int isPresenceDrained(void) { return changing == 0; }
