/* The program of the image hello-world: says what has just happened, and ends. No libc, so that the image is a few kilobytes. */
#if defined(__x86_64__)
static long sys(long n, long a, long b, long c) {
  long r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return r;
}
enum { SYS_write = 1, SYS_exit = 60 };
#elif defined(__aarch64__)
static long sys(long n, long a, long b, long c) {
  register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
enum { SYS_write = 64, SYS_exit = 93 };
#else
#error "only x86-64 and arm64"
#endif

static const char text[] =
  "\n"
  "Hello from a container!\n"
  "You read this, so the whole chain from your command to this program works.\n"
  "\n"
  "What has just happened:\n"
  " 1. The docker command (the client) asked the engine to run the image \"hello-world\".\n"
  " 2. The engine looked for the image on this host. If it was not there yet,\n"
  "    it pulled it from the image library, layer by layer.\n"
  " 3. From the image the engine created a new container: the image's files, read-only,\n"
  "    with a thin writable layer on top, and namespaces of its own.\n"
  " 4. It started this program in it, passed what the program prints on to the client,\n"
  "    and the client wrote it to your terminal.\n"
  "\n"
  "Now the program ends, and the container stops with it. It is still there: docker ps -a\n"
  "\n"
  "To be inside a container yourself, try:\n"
  " $ docker run -it debian bash\n"
  "\n";

__attribute__((noreturn, used)) void _start(void) {
  const char *at = text;
  long left = sizeof text - 1;
  while (left > 0) {
    long n = sys(SYS_write, 1, (long)at, left);
    if (n <= 0) break;
    at += n;
    left -= n;
  }
  sys(SYS_exit, left > 0, 0, 0);
  __builtin_unreachable();
}
