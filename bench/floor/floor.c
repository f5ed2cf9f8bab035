/*
 * The floor: a WebSocket server that does as little as can be done, in C on epoll, without any check of what comes.
 * It answers a turn's work with one write for each connection, and frames a broadcast once.
 *
 *   floor PORT echo|fanout
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (1 << 18)
#define BATCH_MAX 4096
#define CONNS_MAX 65536

struct conn {
  int fd, isOpen, index, isDirty;
  char *in, *out;
  size_t inLength, inSize, outLength, outSize;
};

static int epollFd, isFanout, connCount, dirtyCount;
static struct conn *all[CONNS_MAX], *dirty[CONNS_MAX];
static char *broadcast;
static size_t broadcastLength, broadcastSize;

/* Every load generator of ours sends the same key, the RFC's example (RFC 6455, 1.3). */
static const char response[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void append(char **bytes, size_t *length, size_t *size, const void *more, size_t count) {
  if (*length + count > *size) *bytes = realloc(*bytes, *size = (*length + count) * 2);
  memcpy(*bytes + *length, more, count);
  *length += count;
}

static void drop(struct conn *conn) {
  close(conn->fd);
  all[conn->index] = all[--connCount];
  all[conn->index]->index = conn->index;
  free(conn->in);
  free(conn->out);
  free(conn);
}

static void flush(struct conn *conn) {
  size_t at = 0;
  while (at < conn->outLength) {
    ssize_t count = write(conn->fd, conn->out + at, conn->outLength - at);
    if (count < 0 && errno != EAGAIN) break;
    if (count > 0) at += (size_t)count;
  }
  conn->outLength = 0;
  conn->isDirty = 0;
}

static void answer(struct conn *conn, const unsigned char *payload, size_t length) {
  unsigned char header[10] = { 0x81 };
  size_t size = 2;
  if (length < 126) header[1] = (unsigned char)length;
  else if (length < 65536) header[1] = 126, header[2] = (unsigned char)(length >> 8), header[3] = (unsigned char)length, size = 4;
  else {
    header[1] = 127, size = 10;
    for (int index = 0; index < 8; index++) header[2 + index] = (unsigned char)((uint64_t)length >> (56 - 8 * index));
  }
  if (isFanout) {
    append(&broadcast, &broadcastLength, &broadcastSize, header, size);
    append(&broadcast, &broadcastLength, &broadcastSize, payload, length);
    return;
  }
  append(&conn->out, &conn->outLength, &conn->outSize, header, size);
  append(&conn->out, &conn->outLength, &conn->outSize, payload, length);
  if (!conn->isDirty) dirty[dirtyCount++] = conn;
  conn->isDirty = 1;
}

static size_t takeFrames(struct conn *conn) {
  size_t at = 0;
  for (;;) {
    unsigned char *bytes = (unsigned char *)conn->in + at;
    size_t left = conn->inLength - at, size = 6;
    if (left < 6) return at;
    uint64_t length = bytes[1] & 0x7f;
    if (length == 126) length = (uint64_t)bytes[2] << 8 | bytes[3], size = 8;
    else if (length == 127) {
      if (left < 14) return at;
      length = 0, size = 14;
      for (int index = 2; index < 10; index++) length = length << 8 | bytes[index];
    }
    if (left < size + length) return at;
    unsigned char *payload = bytes + size;
    uint32_t key;
    memcpy(&key, bytes + size - 4, 4);
    uint64_t wide = (uint64_t)key << 32 | key, index = 0;
    for (; index + 8 <= length; index += 8) {
      uint64_t word;
      memcpy(&word, payload + index, 8);
      word ^= wide;
      memcpy(payload + index, &word, 8);
    }
    for (; index < length; index++) payload[index] ^= ((unsigned char *)&key)[index & 3];
    answer(conn, payload, length);
    at += size + length;
  }
}

static void readable(struct conn *conn) {
  if (conn->inSize - conn->inLength < READ_BYTES) conn->in = realloc(conn->in, conn->inSize = conn->inLength + READ_BYTES);
  ssize_t count = read(conn->fd, conn->in + conn->inLength, READ_BYTES);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return drop(conn);
  conn->inLength += (size_t)count;
  size_t used = 0;
  if (!conn->isOpen) {
    if (memmem(conn->in, conn->inLength, "\r\n\r\n", 4) == NULL) return;
    conn->isOpen = 1;
    used = conn->inLength;
    append(&conn->out, &conn->outLength, &conn->outSize, response, sizeof response - 1);
    flush(conn);
  } else used = takeFrames(conn);
  memmove(conn->in, conn->in + used, conn->inLength - used);
  conn->inLength -= used;
  if (conn->inLength == 0) free(conn->in), conn->in = NULL, conn->inSize = 0;
}

int main(int count, char **words) {
  if (count < 3) return 2;
  isFanout = !strcmp(words[2], "fanout");
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])) };
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) return perror("floor"), 1;
  epollFd = epoll_create1(0);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
  epoll_ctl(epollFd, EPOLL_CTL_ADD, listener, &event);
  printf("listening\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[BATCH_MAX];
    int ready = epoll_wait(epollFd, events, BATCH_MAX, -1);
    for (int index = 0; index < ready; index++) {
      struct conn *conn = events[index].data.ptr;
      if (conn != NULL) {
        readable(conn);
        continue;
      }
      int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0 || connCount == CONNS_MAX) continue;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      conn = calloc(1, sizeof *conn);
      conn->fd = fd;
      conn->index = connCount;
      all[connCount++] = conn;
      event.data.ptr = conn;
      epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event);
    }
    for (int index = 0; index < dirtyCount; index++) flush(dirty[index]);
    dirtyCount = 0;
    if (broadcastLength == 0) continue;
    for (int index = 0; index < connCount; index++) {
      if (!all[index]->isOpen) continue;
      append(&all[index]->out, &all[index]->outLength, &all[index]->outSize, broadcast, broadcastLength);
      flush(all[index]);
    }
    broadcastLength = 0;
  }
}
