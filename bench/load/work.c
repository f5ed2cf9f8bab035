/* Echo, and fan-out to one room or to many. */
#include "load.h"

#define BEHIND_MAX 65536        /* at a rate: so many publishes can be under way */
#define ECHO_NUMBERS 10000000u  /* each connection's numbers are its own */

struct slot { uint64_t at; int got; };
struct room { uint64_t published; };

static struct room *rooms;
static struct slot *slots;
static int depth, nextRoom;
static uint64_t dueAt, begunAt, due;
uint64_t outstanding;

void prepareWork(void) {
  int inAll = options.rate > 0 ? BEHIND_MAX : options.inflight;
  depth = options.rooms == 1 ? inAll : inAll / options.rooms * 2 + 4;
  rooms = calloc((size_t)options.rooms, sizeof *rooms);
  slots = calloc((size_t)options.rooms * (size_t)depth, sizeof *slots);
  for (long index = 0; index < (long)options.rooms * depth; index++) slots[index].got = options.members;
  for (int index = 0; index < options.conns; index++) {
    conns[index].sentAt = calloc((size_t)options.inflight, sizeof(uint64_t));
    conns[index].next = calloc((size_t)laps() + 1, sizeof(uint64_t));
    if (options.mode == ECHO && !options.deflate) conns[index].next[0] = conns[index].sent = (uint64_t)index * ECHO_NUMBERS;
  }
}

static void sendEcho(struct conn *conn, uint64_t now) {
  conn->sentAt[conn->sent % (uint64_t)options.inflight] = now;
  sendMessage(conn, 0, conn->sent++);
  outstanding++;
}

/* Publish to the next room that has not too much under way. */
static void publish(uint64_t now) {
  for (int tried = 0; tried < options.rooms; tried++) {
    int room = nextRoom;
    nextRoom = (nextRoom + 1) % options.rooms;
    struct slot *slot = &slots[(uint64_t)room * (uint64_t)depth + rooms[room].published % (uint64_t)depth];
    if (slot->got < options.members) continue;
    slot->at = now;
    slot->got = 0;
    outstanding++;
    sendMessage(&conns[(long)room * options.members % options.conns], room, rooms[room].published++);
    return;
  }
  fail("%llu messages are under way: the server is too slow for this rate", (unsigned long long)outstanding);
}

/* At a rate: publish what is due. A message's time is when it should have been sent, however late that was. */
void publishDue(uint64_t now) {
  if (isOver || begunAt == 0 || now < dueAt) return;
  while (dueAt <= now) {
    publish(dueAt);
    dueAt = begunAt + (uint64_t)((double)++due * 1e9 / options.rate);
  }
  wakeAt(dueAt);
}

static void echoReceived(struct conn *conn, struct body body, uint64_t now) {
  if (body.number != conn->next[0])
    fail("message %llu came where %llu should", (unsigned long long)body.number, (unsigned long long)conn->next[0]);
  conn->next[0]++;
  if (isMeasuring) operations++;
  outstanding--;
  recordLatency(now - conn->sentAt[body.number % (uint64_t)options.inflight]);
  if (!isOver) sendEcho(conn, now);
}

void messageReceived(struct conn *conn, struct body body, uint64_t now) {
  if (options.mode == ECHO) return echoReceived(conn, body, now);
  if (options.mode == HISTORY) return historyReceived(conn, body.number, now);
  int lap = lapOf(conn, body.room);
  if (lap < 0) fail("a message of room %d came to who is not in it", body.room);
  if (body.number != conn->next[lap])
    fail("message %llu came where %llu should, to connection %d", (unsigned long long)body.number, (unsigned long long)conn->next[lap], conn->index);
  if (options.mode != RESUME && body.number >= rooms[body.room].published)
    fail("message %llu came, which was not sent", (unsigned long long)body.number);
  conn->next[lap]++;
  conn->received++;
  if (isMeasuring) operations++;
  if (options.mode == RESUME) return;
  struct slot *slot = &slots[(uint64_t)body.room * (uint64_t)depth + body.number % (uint64_t)depth];
  recordLatency(now - slot->at);
  if (++slot->got < options.members) return;
  outstanding--;
  if (!isOver && options.rate == 0) publish(now);
}

void begin(void) {
  uint64_t now = nowNs();
  if (options.mode == ECHO)
    for (int index = 0; index < options.conns; index++)
      for (int count = 0; count < options.inflight; count++) sendEcho(&conns[index], now);
  else if (options.mode == HISTORY)
    for (int index = 0; index < options.conns; index++) historyRead(&conns[index]);
  else if (options.mode == FANOUT && options.rate > 0) {
    begunAt = dueAt = now;
    publishDue(now);
  } else if (options.mode == FANOUT)
    for (int count = 0; count < options.inflight; count++) publish(now);
}

int isDrained(void) {
  return outstanding == 0;
}
