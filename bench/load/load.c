/*
 * The load generator: many WebSocket clients in one thread, on epoll.
 *
 * It checks what it receives: every message has to come, in order, once and whole; anything else ends the run with an
 * error. It reads the server's CPU time itself at the edges of the measured time, so that nothing else is counted.
 *
 *   load --port P --mode echo|fanout|idle|handshake [--dialect raw|socketio|busbar] [--path /]
 *        [--conns N] [--size BYTES] [--inflight K] [--warmup MS] [--ms MS] [--pid SERVER]
 *
 * The payload of a message is "~", 12 digits that count, and padding up to --size.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { ECHO, FANOUT, IDLE, HANDSHAKE };
enum dialect { RAW, SOCKETIO, BUSBAR };
enum phase { CONNECTING, UPGRADING, GREETING, READY };

#define MARK '~'
#define DIGITS 12
#define HEAD_MAX 4096
#define READ_BYTES (1 << 20)
#define BATCH_MAX 4096
#define BUCKETS (64 * 64)

struct conn {
  int fd;
  enum phase phase;
  int greeted;            /* frames of the greeting that came */
  char head[HEAD_MAX];    /* the response's head, until it is whole */
  size_t headLength;
  unsigned char header[14];
  size_t headerLength;
  uint64_t length, got;   /* of the frame that is being read */
  char start[512];        /* the first bytes of its payload */
  uint64_t next;          /* the number of the message that has to come */
  uint64_t sent;
  uint64_t id;
  int wantsOut;
  char *out;
  size_t outStart, outLength, outSize;
  uint64_t *sentAt;       /* echo: when each message in flight was sent */
  uint64_t begunAt;
};

static struct {
  int port, conns, inflight;
  enum mode mode;
  enum dialect dialect;
  const char *path;
  size_t size;
  long warmupMs, ms, pid;
} options = { .conns = 64, .inflight = 1, .path = "/", .size = 64, .warmupMs = 500, .ms = 2000 };

static struct conn *conns;
static int epollFd, ready;
static char *readBuffer;
static unsigned char *frame;      /* one message, framed and masked */
static size_t frameLength, digitsAt, idAt, payloadAt, textLength;
static const unsigned char key[4] = { 0x37, 0xfa, 0x21, 0x3d };

static int isMeasuring;
static uint64_t operations, bytesReceived, latencies[BUCKETS], latencyCount;
static uint64_t published, *publishedAt;
static int *deliveries;           /* fan-out: how many have got each message in flight */

static void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(1);
}

static uint64_t nowNs(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Buckets of 1/64 of a power of two: the error is below 1.6 %. */
static void recordLatency(uint64_t ns) {
  if (!isMeasuring) return;
  int shift = ns < 64 ? 0 : 63 - __builtin_clzll(ns) - 5;
  uint64_t bucket = ns < 64 ? ns : (uint64_t)shift * 32 + (ns >> shift);
  if (bucket >= BUCKETS) bucket = BUCKETS - 1;
  latencies[bucket]++;
  latencyCount++;
}

static double bucketUs(uint64_t bucket) {
  if (bucket < 64) return (double)bucket / 1000;
  uint64_t shift = (bucket - 64) / 32 + 1;
  uint64_t mantissa = bucket - shift * 32;
  return (double)(mantissa << shift) / 1000;
}

static double percentileUs(double part) {
  uint64_t wanted = (uint64_t)((double)latencyCount * part), seen = 0;
  for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
    seen += latencies[bucket];
    if (seen > wanted) return bucketUs(bucket);
  }
  return 0;
}

/* The CPU time of all threads of a process, in nanoseconds. */
static uint64_t cpuNs(long pid) {
  char path[64];
  uint64_t total = 0;
  snprintf(path, sizeof path, "/proc/%ld/task", pid);
  DIR *tasks = opendir(path);
  if (tasks == NULL) fail("there is no process %ld", pid);
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.') continue;
    char file[320];
    snprintf(file, sizeof file, "/proc/%ld/task/%s/schedstat", pid, task->d_name);
    FILE *stat = fopen(file, "r");
    unsigned long long ns = 0;
    if (stat == NULL) continue;
    if (fscanf(stat, "%llu", &ns) == 1) total += ns;
    fclose(stat);
  }
  closedir(tasks);
  return total;
}

static long residentKb(long pid) {
  char path[64], line[256];
  long kb = 0;
  snprintf(path, sizeof path, "/proc/%ld/status", pid);
  FILE *status = fopen(path, "r");
  if (status == NULL) return 0;
  while (fgets(line, sizeof line, status)) if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
  fclose(status);
  return kb;
}

/* ---- writing ---- */

static void watch(struct conn *conn, int wantsOut) {
  struct epoll_event event = { .events = EPOLLIN | (wantsOut ? EPOLLOUT : 0), .data.ptr = conn };
  conn->wantsOut = wantsOut;
  epoll_ctl(epollFd, EPOLL_CTL_MOD, conn->fd, &event);
}

static void flush(struct conn *conn) {
  while (conn->outStart < conn->outLength) {
    ssize_t count = write(conn->fd, conn->out + conn->outStart, conn->outLength - conn->outStart);
    if (count < 0 && errno == EAGAIN) {
      if (!conn->wantsOut) watch(conn, 1);
      return;
    }
    if (count < 0) fail("a write failed: %s", strerror(errno));
    conn->outStart += (size_t)count;
  }
  conn->outStart = conn->outLength = 0;
  if (conn->wantsOut) watch(conn, 0);
}

static void append(struct conn *conn, const void *bytes, size_t length) {
  if (conn->outLength + length > conn->outSize) {
    conn->outSize = (conn->outLength + length) * 2;
    conn->out = realloc(conn->out, conn->outSize);
  }
  memcpy(conn->out + conn->outLength, bytes, length);
  conn->outLength += length;
}

static void put(unsigned char *bytes, size_t at, const char *text, size_t length) {
  for (size_t index = 0; index < length; index++)
    bytes[payloadAt + at + index] = (unsigned char)text[index] ^ key[(at + index) & 3];
}

static size_t writeHeader(unsigned char *bytes, size_t length) {
  size_t at = 2;
  bytes[0] = 0x81;
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

static void sendText(struct conn *conn, const char *text) {
  unsigned char bytes[1024];
  size_t length = strlen(text), start = writeHeader(bytes, length);
  for (size_t index = 0; index < length; index++) bytes[start + index] = (unsigned char)text[index] ^ key[index & 3];
  append(conn, bytes, start + length);
}

/* Make the frame that every message is a copy of but for its digits. */
static void makeFrame(void) {
  const char *before = "", *after = "";
  if (options.dialect == SOCKETIO) before = "42[\"m\",\"", after = "\"]";
  if (options.dialect == BUSBAR) before = "{\"id\":1000000000,\"do\":\"publish\",\"channel\":\"bench\",\"data\":\"", after = "\"}";
  textLength = strlen(before) + options.size + strlen(after);
  frame = malloc(textLength + 14);
  payloadAt = writeHeader(frame, textLength);
  frameLength = payloadAt + textLength;
  char *padding = malloc(options.size);
  memset(padding, 'x', options.size);
  padding[0] = MARK;
  put(frame, 0, before, strlen(before));
  put(frame, strlen(before), padding, options.size);
  put(frame, strlen(before) + options.size, after, strlen(after));
  digitsAt = strlen(before) + 1;
  idAt = strlen("{\"id\":");
  free(padding);
}

static void sendMessage(struct conn *conn, uint64_t number) {
  char digits[DIGITS + 1];
  snprintf(digits, sizeof digits, "%012llu", (unsigned long long)number);
  put(frame, digitsAt, digits, DIGITS);
  if (options.dialect == BUSBAR) {
    char id[11];
    snprintf(id, sizeof id, "%010llu", (unsigned long long)(1000000000u + ++conn->id));
    put(frame, idAt, id, 10);
  }
  append(conn, frame, frameLength);
}

/* ---- the work ---- */

static void sendEcho(struct conn *conn, uint64_t now) {
  conn->sentAt[conn->sent % (uint64_t)options.inflight] = now;
  sendMessage(conn, conn->sent++);
}

static void publish(uint64_t now) {
  uint64_t slot = published % (uint64_t)options.inflight;
  publishedAt[slot] = now;
  deliveries[slot] = 0;
  sendMessage(&conns[0], published++);
}

static void messageReceived(struct conn *conn, uint64_t number, uint64_t now) {
  if (number != conn->next)
    fail("message %llu came where %llu should", (unsigned long long)number, (unsigned long long)conn->next);
  conn->next++;
  if (isMeasuring) operations++;
  if (options.mode == ECHO) {
    recordLatency(now - conn->sentAt[number % (uint64_t)options.inflight]);
    sendEcho(conn, now);
  } else {
    uint64_t slot = number % (uint64_t)options.inflight;
    recordLatency(now - publishedAt[slot]);
    if (++deliveries[slot] == options.conns) publish(now);
  }
}

static void begin(void) {
  uint64_t now = nowNs();
  if (options.mode == ECHO) {
    for (int index = 0; index < options.conns; index++) {
      for (int count = 0; count < options.inflight; count++) sendEcho(&conns[index], now);
      flush(&conns[index]);
    }
  } else if (options.mode == FANOUT) {
    for (int count = 0; count < options.inflight; count++) publish(now);
    flush(&conns[0]);
  }
}

static void isReady(struct conn *conn) {
  conn->phase = READY;
  ready++;
}

static void greet(struct conn *conn) {
  conn->phase = GREETING;
  if (options.dialect == BUSBAR) {
    sendText(conn, "{\"id\":1,\"do\":\"hello\"}");
    sendText(conn, "{\"id\":2,\"do\":\"subscribe\",\"channel\":\"bench\"}");
  } else if (options.dialect == RAW) isReady(conn);
}

/* A whole text frame came; `start` holds its first bytes. */
static void frameReceived(struct conn *conn, uint64_t now) {
  size_t length = conn->length < sizeof conn->start ? conn->length : sizeof conn->start;
  if ((conn->header[0] & 0x0f) == 9) fail("the server sent a ping: turn its keepalive off for the benchmark");
  if ((conn->header[0] & 0x0f) == 8) fail("the server closed a connection");
  if (conn->header[0] != 0x81 && conn->header[0] != 0x82) fail("a frame begins with %02x", conn->header[0]);
  if (conn->phase == GREETING) {
    conn->greeted++;
    if (options.dialect == SOCKETIO && conn->greeted == 1) sendText(conn, "40");
    if (conn->greeted == 2) isReady(conn);
    return;
  }
  char *mark = memchr(conn->start, MARK, length);
  if (mark == NULL) {
    if (options.dialect == RAW) fail("a message without a number came");
    if (options.dialect == SOCKETIO && conn->start[0] == '2') sendText(conn, "3");
    return;
  }
  /* Socket.IO with connection state recovery puts an offset behind each message. */
  if (options.dialect == RAW ? conn->length != textLength : conn->length < textLength && options.dialect == SOCKETIO)
    fail("a message has %llu bytes and should have %zu", (unsigned long long)conn->length, textLength);
  char digits[DIGITS + 1] = { 0 };
  memcpy(digits, mark + 1, DIGITS);
  messageReceived(conn, strtoull(digits, NULL, 10), now);
}

static size_t headerSize(const unsigned char *header) {
  unsigned char length = header[1] & 0x7f;
  return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static void framesReceived(struct conn *conn, const char *bytes, size_t count, uint64_t now) {
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
      conn->got = 0;
    }
    size_t part = count - at;
    if (part > conn->length - conn->got) part = conn->length - conn->got;
    if (conn->got < sizeof conn->start) {
      size_t kept = sizeof conn->start - conn->got;
      memcpy(conn->start + conn->got, bytes + at, part < kept ? part : kept);
    }
    conn->got += part;
    at += part;
    if (conn->got < conn->length) return;
    frameReceived(conn, now);
    conn->headerLength = 0;
  }
}

static void openConn(struct conn *conn);

static size_t headReceived(struct conn *conn, const char *bytes, size_t count) {
  size_t at = 0;
  while (at < count) {
    if (conn->headLength == HEAD_MAX - 1) fail("the response's head is too long");
    conn->head[conn->headLength++] = bytes[at++];
    if (conn->headLength >= 4 && memcmp(conn->head + conn->headLength - 4, "\r\n\r\n", 4) == 0) {
      conn->head[conn->headLength] = 0;
      if (strncmp(conn->head, "HTTP/1.1 101 ", 13) != 0) fail("refused: %.200s", conn->head);
      greet(conn);
      return at;
    }
  }
  return at;
}

static void handshakeDone(struct conn *conn) {
  if (isMeasuring) operations++;
  recordLatency(nowNs() - conn->begunAt);
  struct linger linger = { 1, 0 };
  setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(conn->fd);
  ready--;
  openConn(conn);
}

static void readable(struct conn *conn) {
  ssize_t count = read(conn->fd, readBuffer, READ_BYTES);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) fail("the server ended a connection%s%s", count < 0 ? ": " : "", count < 0 ? strerror(errno) : "");
  uint64_t now = nowNs();
  if (isMeasuring) bytesReceived += (uint64_t)count;
  size_t at = 0;
  if (conn->phase == UPGRADING) at = headReceived(conn, readBuffer, (size_t)count);
  if (conn->phase != UPGRADING) framesReceived(conn, readBuffer + at, (size_t)count - at, now);
  if (options.mode == HANDSHAKE && conn->phase == READY) handshakeDone(conn);
  else if (conn->outLength > conn->outStart) flush(conn);
}

static void writable(struct conn *conn) {
  if (conn->phase == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail("cannot connect: %s", strerror(error));
    char request[1024];
    int length = snprintf(request, sizeof request,
      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
      options.path, options.port, options.dialect == BUSBAR ? "Sec-WebSocket-Protocol: busbar.v1\r\n" : "");
    append(conn, request, (size_t)length);
    conn->phase = UPGRADING;
  }
  flush(conn);
}

static void openConn(struct conn *conn) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port) };
  int one = 1;
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (conn->fd < 0) fail("no more sockets: %s", strerror(errno));
  setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  conn->phase = CONNECTING;
  conn->greeted = 0;
  conn->headLength = conn->headerLength = 0;
  conn->outStart = conn->outLength = 0;
  conn->wantsOut = 1;
  conn->begunAt = nowNs();
  if (connect(conn->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    fail("cannot connect: %s", strerror(errno));
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = conn };
  epoll_ctl(epollFd, EPOLL_CTL_ADD, conn->fd, &event);
}

static void turn(int timeoutMs) {
  struct epoll_event events[BATCH_MAX];
  int count = epoll_wait(epollFd, events, BATCH_MAX, timeoutMs);
  for (int index = 0; index < count; index++) {
    struct conn *conn = events[index].data.ptr;
    if (events[index].events & (EPOLLERR | EPOLLHUP) && conn->phase != CONNECTING) fail("a connection broke");
    if (events[index].events & EPOLLOUT) writable(conn);
    if (events[index].events & EPOLLIN) readable(conn);
  }
  /* In a fan-out it is the first connection that publishes, whoever was the last to receive. */
  if (options.mode == FANOUT && conns[0].outLength > conns[0].outStart && !conns[0].wantsOut) flush(&conns[0]);
}

static void runFor(long ms) {
  uint64_t end = nowNs() + (uint64_t)ms * 1000000u;
  while (nowNs() < end) turn(10);
}

static void openAll(void) {
  int opened = 0;
  uint64_t giveUp = nowNs() + 60000000000u;
  /* A listener's backlog is finite. */
  while (ready < options.conns && options.mode != HANDSHAKE) {
    while (opened < options.conns && opened - ready < 128) openConn(&conns[opened++]);
    turn(100);
    if (nowNs() > giveUp) fail("%d of %d connections are ready after 60 s", ready, options.conns);
  }
  while (opened < options.conns) openConn(&conns[opened++]);
}

static void readOptions(int count, char **words) {
  for (int index = 1; index + 1 < count; index += 2) {
    const char *name = words[index], *value = words[index + 1];
    if (!strcmp(name, "--port")) options.port = atoi(value);
    else if (!strcmp(name, "--path")) options.path = value;
    else if (!strcmp(name, "--conns")) options.conns = atoi(value);
    else if (!strcmp(name, "--size")) options.size = (size_t)atol(value);
    else if (!strcmp(name, "--inflight")) options.inflight = atoi(value);
    else if (!strcmp(name, "--warmup")) options.warmupMs = atol(value);
    else if (!strcmp(name, "--ms")) options.ms = atol(value);
    else if (!strcmp(name, "--pid")) options.pid = atol(value);
    else if (!strcmp(name, "--mode"))
      options.mode = !strcmp(value, "echo") ? ECHO : !strcmp(value, "fanout") ? FANOUT : !strcmp(value, "idle") ? IDLE : HANDSHAKE;
    else if (!strcmp(name, "--dialect"))
      options.dialect = !strcmp(value, "socketio") ? SOCKETIO : !strcmp(value, "busbar") ? BUSBAR : RAW;
    else fail("there is no option %s", name);
  }
  if (options.port == 0 || options.pid == 0) fail("--port and --pid are needed");
  if (options.size < DIGITS + 1) fail("--size is at least %d", DIGITS + 1);
}

int main(int count, char **words) {
  readOptions(count, words);
  epollFd = epoll_create1(0);
  readBuffer = malloc(READ_BYTES);
  conns = calloc((size_t)options.conns, sizeof *conns);
  for (int index = 0; index < options.conns; index++) conns[index].sentAt = calloc((size_t)options.inflight, 8);
  publishedAt = calloc((size_t)options.inflight, sizeof *publishedAt);
  deliveries = calloc((size_t)options.inflight, sizeof *deliveries);
  makeFrame();

  long residentBefore = residentKb(options.pid);
  openAll();
  begin();
  runFor(options.warmupMs);
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  uint64_t serverBefore = cpuNs(options.pid), startedAt = nowNs();
  isMeasuring = 1;
  runFor(options.ms);
  isMeasuring = 0;
  double seconds = (double)(nowNs() - startedAt) / 1e9;
  double serverUs = (double)(cpuNs(options.pid) - serverBefore) / 1000;
  getrusage(RUSAGE_SELF, &after);
  double loadUs = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e6 + (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec)
    + (double)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1e6 + (double)(after.ru_stime.tv_usec - before.ru_stime.tv_usec);
  if (options.mode != IDLE && operations == 0) fail("nothing came back");
  double per = operations == 0 ? 1 : (double)operations;
  printf("{\"operations\":%llu,\"seconds\":%.3f,\"perSecond\":%.0f,\"serverCpuUs\":%.4f,\"serverCpuShare\":%.3f,\"loadCpuUs\":%.4f,"
         "\"loadCpuShare\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"residentKbBefore\":%ld,\"residentKb\":%ld,\"receivedBytes\":%llu}\n",
    (unsigned long long)operations, seconds, per / seconds, serverUs / per, serverUs / seconds / 1e6, loadUs / per, loadUs / seconds / 1e6,
    percentileUs(0.5), percentileUs(0.99), percentileUs(0.999), residentBefore, residentKb(options.pid), (unsigned long long)bytesReceived);
  return 0;
}
