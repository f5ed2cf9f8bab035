/*
 * The load generator: many WebSocket clients in one thread, on epoll.
 *
 * It checks what it receives: every message has to come, in order, once and whole; anything else ends the run with an
 * error. It reads the server's CPU time itself at the edges of the measured time, so that nothing else is counted.
 *
 *   load --port P --pid SERVER --mode echo|fanout|idle|handshake|resume|history|presence [--dialect raw|socketio|busbar]
 *        [--path /] [--conns N] [--size BYTES] [--inflight K] [--warmup MS] [--ms MS] [--drain MS] [--deflate 1]
 *        [--rooms N] [--members N] [--rate PUBLISHES] [--missed N] [--history N]
 */
#include "load.h"
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

struct options options = { .conns = 64, .inflight = 1, .path = "/", .size = 64, .warmupMs = 500, .ms = 2000, .drainMs = 15000, .rooms = 1 };
struct conn *conns;
int isMeasuring, isOver;

void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(1);
}

/* Which of the names it is. */
static int choice(const char *value, const char *const *names) {
  for (int index = 0; names[index] != NULL; index++) if (!strcmp(value, names[index])) return index;
  fail("there is no %s", value);
}

static void readOption(const char *name, const char *value) {
  static const char *const modes[] = { "echo", "fanout", "idle", "handshake", "resume", "history", "presence", NULL };
  static const char *const dialects[] = { "raw", "socketio", "busbar", NULL };
  if (!strcmp(name, "--port")) options.port = atoi(value);
  else if (!strcmp(name, "--path")) options.path = value;
  else if (!strcmp(name, "--conns")) options.conns = atoi(value);
  else if (!strcmp(name, "--size")) options.size = (size_t)atol(value);
  else if (!strcmp(name, "--inflight")) options.inflight = atoi(value);
  else if (!strcmp(name, "--warmup")) options.warmupMs = atol(value);
  else if (!strcmp(name, "--ms")) options.ms = atol(value);
  else if (!strcmp(name, "--drain")) options.drainMs = atol(value);
  else if (!strcmp(name, "--pid")) options.pid = atol(value);
  else if (!strcmp(name, "--deflate")) options.deflate = atoi(value);
  else if (!strcmp(name, "--rooms")) options.rooms = atoi(value);
  else if (!strcmp(name, "--members")) options.members = atoi(value);
  else if (!strcmp(name, "--rate")) options.rate = atof(value);
  else if (!strcmp(name, "--missed")) options.missed = atoi(value);
  else if (!strcmp(name, "--history")) options.history = strtoull(value, NULL, 10);
  else if (!strcmp(name, "--mode")) options.mode = (enum mode)choice(value, modes);
  else if (!strcmp(name, "--dialect")) options.dialect = (enum dialect)choice(value, dialects);
  else fail("there is no option %s", name);
}

static void readOptions(int count, char **words) {
  for (int index = 1; index + 1 < count; index += 2) readOption(words[index], words[index + 1]);
  if (options.members == 0) options.members = options.conns;
  if (options.port == 0 || options.pid == 0) fail("--port and --pid are needed");
  if (options.members > options.conns) fail("a room has no more members than there are connections");
  size_t least = options.deflate ? 256 : 1 + DIGITS + (options.rooms > 1 ? 1 + ROOM_DIGITS : 0);
  if (options.size < least) fail("--size is at least %zu", least);
}

/* The measured time, and then until nothing is under way any more: what was sent has to come. */
static void runMeasured(void) {
  if (options.mode == PRESENCE) {
    preparePresence();
    openConns(0, options.conns);
    runUntil(knowAll, 60000, "members are missing");
    changePresence(nowNs());
  } else {
    openConns(0, options.conns);
    begin();
  }
  runFor(options.warmupMs);
  if (options.mode == IDLE) tellCame();
  startMeasure();
  runFor(options.ms);
  endMeasure();
}

int main(int count, char **words) {
  readOptions(count, words);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  conns = calloc((size_t)options.conns, sizeof *conns);
  for (int index = 0; index < options.conns; index++) conns[index].index = index;
  openNet();
  makePayload();
  prepareWork();
  long residentBefore = residentKb(options.pid);
  if (options.mode == RESUME) {
    openConns(0, options.conns);
    runResume();
  } else runMeasured();
  isOver = 1;
  runUntil(options.mode == PRESENCE ? isPresenceDrained : isDrained, options.drainMs, "messages are missing: sent, and not received");
  tell(residentBefore);
  return 0;
}
