/*
 * The load generator's parts, and what they share.
 *
 *   main.c      options, the order of a run, what it tells
 *   net.c       sockets on epoll
 *   frames.c    WebSocket frames, there and back
 *   payload.c   what a message holds, and whether what came is one
 *   deflate.c   permessage-deflate
 *   dialects.c  what is said before the first message: raw, Socket.IO, busbar
 *   work.c      echo, fan-out, rooms, at a rate or as fast as it goes
 *   tasks.c     resuming, reading history, presence
 *   measure.c   CPU time, memory, latencies
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode { ECHO, FANOUT, IDLE, HANDSHAKE, RESUME, HISTORY, PRESENCE };
enum dialect { RAW, SOCKETIO, BUSBAR };
enum phase { CLOSED, CONNECTING, UPGRADING, GREETING, READY };

#define MARK '~'
#define DIGITS 12
#define ROOM_DIGITS 6
#define HEAD_MAX 4096
#define NAME_MAX_BYTES 64

struct conn {
  int fd, index;
  enum phase phase;
  char head[HEAD_MAX];    /* the response's head, until it is whole */
  size_t headLength;
  unsigned char header[14];
  size_t headerLength;
  uint64_t length, got;   /* of the frame that is being read */
  char *partial;          /* its payload, where it came in parts */
  size_t partialSize;
  uint64_t *next;         /* of each room that it is in: the number of the message that has to come */
  int joined;             /* of the rooms that it is in, so many it has asked for */
  uint64_t sent, received, id;
  int wantsOut, isDirty;
  char *out;
  size_t outStart, outLength, outSize;
  uint64_t *sentAt;       /* echo: when each message in flight was sent */
  uint64_t begunAt;
  char epoch[NAME_MAX_BYTES];    /* resuming: where it was */
  uint64_t offset;
  char session[NAME_MAX_BYTES], lastOffset[NAME_MAX_BYTES];    /* the same for Socket.IO */
};

struct options {
  int port, conns, inflight;
  enum mode mode;
  enum dialect dialect;
  const char *path;
  size_t size;
  long warmupMs, ms, drainMs, pid;
  int rooms, members;     /* so many rooms, each with so many of the connections */
  double rate;            /* publishes a second; 0: as many as `inflight` allows */
  int deflate;
  int missed;             /* resuming: so many messages; history: so many are read at once */
  uint64_t history;       /* so many messages are in the log */
};

extern struct options options;
extern struct conn *conns;
extern int ready;         /* connections that are */

/* main.c */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
extern int isMeasuring, isOver;

/* net.c */
void openNet(void);
void openConn(struct conn *conn);
void closeConn(struct conn *conn);
void openConns(int from, int to);
void append(struct conn *conn, const void *bytes, size_t length);
void flush(struct conn *conn);
void turn(int timeoutMs);
void runFor(long ms);
/* Take turns until `isDone` says so; after `ms` the run fails with `complaint`. */
void runUntil(int (*isDone)(void), long ms, const char *complaint);
void wakeAt(uint64_t ns);

/* frames.c */
size_t writeHeader(unsigned char *bytes, unsigned char first, size_t length);
void sendText(struct conn *conn, const char *text);
void framesReceived(struct conn *conn, const char *bytes, size_t count, uint64_t now);

/* payload.c */
void makePayload(void);
/* The body of a message: `options.size` bytes that hold its number, and its room where there are several. */
struct body { uint64_t number; int room; };
struct body checkBody(const char *bytes, size_t length);
void sendMessage(struct conn *conn, int room, uint64_t number);
extern char *template;    /* a body, but for number and room */
extern size_t markAt;

/* deflate.c */
size_t deflateTemplate(unsigned char *bytes, size_t size, size_t storedLength);
struct body checkDeflated(const char *bytes, size_t length, uint64_t expected);

/* dialects.c */
void greet(struct conn *conn);
void headComplete(struct conn *conn);
void payloadReceived(struct conn *conn, char *payload, size_t length, uint64_t now);
int laps(void);
int roomOf(const struct conn *conn, int lap);
int lapOf(const struct conn *conn, int room);

/* work.c */
void prepareWork(void);
void begin(void);
void publishDue(uint64_t now);
void messageReceived(struct conn *conn, struct body body, uint64_t now);
extern uint64_t outstanding;    /* messages that are under way */
int isDrained(void);

/* tasks.c */
void runResume(void);
void historyRead(struct conn *conn);
void historyReceived(struct conn *conn, uint64_t number, uint64_t now);
void preparePresence(void);
int knowAll(void);
void changePresence(uint64_t now);
void presenceReceived(struct conn *conn, const char *payload, size_t length, uint64_t now);
int isPresenceDrained(void);

/* measure.c */
uint64_t nowNs(void);
extern uint64_t operations, bytesReceived;
void recordLatency(uint64_t ns);
double percentileUs(double part);
uint64_t cpuNs(long pid);
long residentKb(long pid);
void startMeasure(void);
void endMeasure(void);
void tellCame(void);
void tell(long residentBefore);
