// What a learner is told when the lab meets one of its own limits: which, and what to do next.
export const limits = {
  'limit.memory': 'Your lab’s memory was full',
  'limit.memoryText': 'All programs of the lab together may use {size}. The kernel ended one that wanted more: in a container, it shows exit code 137. Stop what you do not need, or give a container less with `--memory`, and try again.',
  'limit.processes': 'Your lab can have no more processes',
  'limit.processesText': {
    one: 'A lab may have {count} process at a time. Press Ctrl+C where new ones are started, or close that terminal: what runs in it ends with it.',
    other: 'A lab may have {count} processes at a time, and that many run. Press Ctrl+C where new ones are started, or close that terminal: what runs in it ends with it. Stopping a container helps as well.',
  },
  'limit.disk': 'Your lab’s disk is full',
  'limit.diskText': 'All files, images, containers and volumes of the lab together may take {size}. Programs that write now get “Disk quota exceeded”. This removes stopped containers, unused networks and images without a name; large files of your own go with `rm`.',
  'limit.logs': 'A log has reached its limit',
  'limit.logsText': 'A container has printed more than its log may hold. It goes on, but what it prints from now on is not kept; `docker logs` says where it stops. Remove the container and run it again with less output, or with `--log-opt max-size=10m --log-opt max-file=3`, which keeps the newest.',
  'limit.connections': 'Too many connections to the Docker engine',
  'limit.connectionsText': 'Some commands were refused because very many are still open, such as `docker logs -f` or `docker events`. End those that you do not need with Ctrl+C.',
  'egress.none': 'This lab has no way to the Internet',
  'egress.noneText': 'Something in it wanted to reach a server outside, as `apt update`, `curl`, `pip` or `ping` do. Here such commands fail at once, on purpose: nothing of yours is broken. Images come from the library on this server, so `docker pull` and `docker run` work with those.',
  'egress.notYours': 'Only those who lead the class can change what its labs may reach.',
  'egress.refused': 'This lab may not reach that address',
  'egress.refusedText': 'Outside, this lab may reach {allowed}, and nothing else: every other address is refused at once. Whoever leads the class can allow more.',
  'egress.refusedNames': 'Something in it asked for {names}. Outside, this lab may reach {allowed}, and nothing else: every other name or address is refused at once. Whoever leads the class can allow more.',
} as const;
