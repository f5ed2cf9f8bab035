/* Many sockets in one thread, on epoll. */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READ_BYTES (1 << 20)
#define BATCH_MAX 4096
#define OPENING_MAX 128   /* a listener's backlog is finite */

int ready;
static int epollFd, timerFd, dirtyCount;
static char *readBuffer;
static struct conn **dirty;

void openNet(void) {
  epollFd = epoll_create1(0);
  timerFd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
  epoll_ctl(epollFd, EPOLL_CTL_ADD, timerFd, &event);
  readBuffer = malloc(READ_BYTES);
  dirty = calloc((size_t)options.conns, sizeof *dirty);
}

void wakeAt(uint64_t ns) {
  struct itimerspec at = { .it_value = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) } };
  timerfd_settime(timerFd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void watch(struct conn *conn, int wantsOut) {
  struct epoll_event event = { .events = EPOLLIN | (wantsOut ? EPOLLOUT : 0), .data.ptr = conn };
  conn->wantsOut = wantsOut;
  epoll_ctl(epollFd, EPOLL_CTL_MOD, conn->fd, &event);
}

void flush(struct conn *conn) {
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

/* What a turn has for a connection leaves together at the turn's end. */
void append(struct conn *conn, const void *bytes, size_t length) {
  if (conn->outLength + length > conn->outSize) {
    conn->outSize = (conn->outLength + length) * 2;
    conn->out = realloc(conn->out, conn->outSize);
  }
  memcpy(conn->out + conn->outLength, bytes, length);
  conn->outLength += length;
  if (conn->isDirty) return;
  conn->isDirty = 1;
  dirty[dirtyCount++] = conn;
}

void openConn(struct conn *conn) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port) };
  int one = 1;
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (conn->fd < 0) fail("no more sockets: %s", strerror(errno));
  setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  conn->phase = CONNECTING;
  conn->joined = 0;
  conn->headLength = conn->headerLength = 0;
  conn->outStart = conn->outLength = 0;
  conn->wantsOut = 1;
  conn->begunAt = nowNs();
  if (connect(conn->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    fail("cannot connect: %s", strerror(errno));
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = conn };
  epoll_ctl(epollFd, EPOLL_CTL_ADD, conn->fd, &event);
}

/* End a connection without a word. */
void closeConn(struct conn *conn) {
  struct linger linger = { 1, 0 };
  setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(conn->fd);
  if (conn->phase == READY) ready--;
  conn->phase = CLOSED;
}

static void handshakeDone(struct conn *conn) {
  if (isMeasuring) operations++;
  recordLatency(nowNs() - conn->begunAt);
  closeConn(conn);
  openConn(conn);
}

/* Take what belongs to the response's head; what is behind it is the first frame's. */
static size_t headReceived(struct conn *conn, const char *bytes, size_t count) {
  size_t at = 0;
  while (at < count) {
    if (conn->headLength == HEAD_MAX - 1) fail("the response's head is too long");
    conn->head[conn->headLength++] = bytes[at++];
    if (conn->headLength >= 4 && memcmp(conn->head + conn->headLength - 4, "\r\n\r\n", 4) == 0) {
      conn->head[conn->headLength] = 0;
      if (strncmp(conn->head, "HTTP/1.1 101 ", 13) != 0) fail("refused: %.200s", conn->head);
      headComplete(conn);
      return at;
    }
  }
  return at;
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
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
      options.path, options.port, options.dialect == BUSBAR ? "Sec-WebSocket-Protocol: busbar.v1\r\n" : "",
      options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n" : "");
    append(conn, request, (size_t)length);
    conn->phase = UPGRADING;
  }
  flush(conn);
}

void turn(int timeoutMs) {
  struct epoll_event events[BATCH_MAX];
  int count = epoll_wait(epollFd, events, BATCH_MAX, timeoutMs);
  if (options.rate > 0) publishDue(nowNs());
  for (int index = 0; index < count; index++) {
    struct conn *conn = events[index].data.ptr;
    if (conn == NULL) {
      uint64_t expirations;
      if (read(timerFd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) fail("the timer broke");
      continue;
    }
    if (events[index].events & (EPOLLERR | EPOLLHUP) && conn->phase != CONNECTING) fail("a connection broke");
    if (events[index].events & EPOLLOUT) writable(conn);
    if (events[index].events & EPOLLIN) readable(conn);
    /* A publish that is due does not wait until a whole turn has been read. */
    if (options.rate > 0) publishDue(nowNs());
  }
  for (int index = 0; index < dirtyCount; index++) {
    dirty[index]->isDirty = 0;
    if (!dirty[index]->wantsOut && dirty[index]->phase > CONNECTING) flush(dirty[index]);
  }
  dirtyCount = 0;
}

void runFor(long ms) {
  uint64_t end = nowNs() + (uint64_t)ms * 1000000u;
  while (nowNs() < end) turn(10);
}

void runUntil(int (*isDone)(void), long ms, const char *complaint) {
  uint64_t giveUp = nowNs() + (uint64_t)ms * 1000000u;
  while (!isDone()) {
    turn(100);
    if (nowNs() > giveUp) fail("%s", complaint);
  }
}

/* Open these connections, a few at a time, until all are ready. */
void openConns(int from, int to) {
  int opened = from, readyBefore = ready;
  uint64_t giveUp = nowNs() + 60000000000u;
  while (ready - readyBefore < to - from && options.mode != HANDSHAKE) {
    while (opened < to && opened - from - (ready - readyBefore) < OPENING_MAX) openConn(&conns[opened++]);
    turn(100);
    if (nowNs() > giveUp) fail("%d of %d connections are ready after 60 s", ready - readyBefore, to - from);
  }
  while (opened < to) openConn(&conns[opened++]);
}
