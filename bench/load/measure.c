/* CPU time, memory and latencies. */
#include "load.h"
#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

#define BUCKETS (64 * 64)

uint64_t operations, bytesReceived;
static uint64_t latencies[BUCKETS], latencyCount;
static uint64_t startedAt, endedAt, serverBefore, serverAfter;
static double loadBefore, loadAfter;

uint64_t nowNs(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Buckets of 1/64 of a power of two: the error is below 1.6 %. */
void recordLatency(uint64_t ns) {
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

double percentileUs(double part) {
  uint64_t wanted = (uint64_t)((double)latencyCount * part), seen = 0;
  for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
    seen += latencies[bucket];
    if (seen > wanted) return bucketUs(bucket);
  }
  return 0;
}

/* The CPU time of all threads of a process, in nanoseconds. */
uint64_t cpuNs(long pid) {
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

long residentKb(long pid) {
  char path[64], line[256];
  long kb = 0;
  snprintf(path, sizeof path, "/proc/%ld/status", pid);
  FILE *status = fopen(path, "r");
  if (status == NULL) return 0;
  while (fgets(line, sizeof line, status)) if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
  fclose(status);
  return kb;
}

static double ownUs(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void startMeasure(void) {
  loadBefore = ownUs();
  serverBefore = cpuNs(options.pid);
  startedAt = nowNs();
  isMeasuring = 1;
}

void endMeasure(void) {
  isMeasuring = 0;
  endedAt = nowNs();
  serverAfter = cpuNs(options.pid);
  loadAfter = ownUs();
}

/* All connections are there, and the time in which they are idle begins. */
void tellCame(void) {
  printf("{\"residentKbCame\":%ld}\n", residentKb(options.pid));
  fflush(stdout);
}

void tell(long residentBefore) {
  if (options.mode != IDLE && operations == 0) fail("nothing came back");
  double per = operations == 0 ? 1 : (double)operations, seconds = (double)(endedAt - startedAt) / 1e9;
  double serverUs = (double)(serverAfter - serverBefore) / 1000, loadUs = loadAfter - loadBefore;
  printf("{\"operations\":%llu,\"seconds\":%.3f,\"perSecond\":%.1f,\"serverCpuUs\":%.4f,\"serverCpuShare\":%.3f,\"loadCpuUs\":%.4f,"
         "\"loadCpuShare\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"residentKbBefore\":%ld,\"residentKb\":%ld,\"bytesReceived\":%llu}\n",
    (unsigned long long)operations, seconds, per / seconds, serverUs / per, serverUs / seconds / 1e6, loadUs / per, loadUs / seconds / 1e6,
    percentileUs(0.5), percentileUs(0.99), percentileUs(0.999), residentBefore, residentKb(options.pid), (unsigned long long)bytesReceived);
}
