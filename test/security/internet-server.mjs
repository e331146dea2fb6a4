// Answers on a few ports of every address it is asked at, and says on stdout what it was asked. Run by internet.ts in a network namespace.
// TCP: `hello ADDRESS`; to a line `GET N` that many bytes, to `PUT` nothing, but it counts. UDP: `hello`.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const PORTS = [22, 80, 443, 8080];
const plain = address => address?.replace(/^::ffff:/, '');
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
let waiting = PORTS.length + 2;
const ready = () => { if (--waiting === 0) say('ready'); };

for (const port of PORTS) {
  createServer({ allowHalfOpen: true }, socket => {
    const at = plain(socket.localAddress);
    let got = 0;
    say('tcp', at, port);
    socket.on('error', () => {}).on('close', () => say('closed', at, port));
    socket.once('data', first => {
      const bytes = /^GET (\d+)/.exec(first.toString())?.[1];
      if (bytes !== undefined) socket.end(Buffer.alloc(Number(bytes)));
      else socket.write(`hello ${at}\n`);
    });
    socket.on('data', chunk => { got += chunk.length; }).on('end', () => socket.end(`${got}\n`));
  }).listen(port, '::', ready);
}
for (const [type, address] of [['udp4', '0.0.0.0'], ['udp6', '::']]) {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (message, from) => {
    say('udp', plain(from.address), 5000, message.length);
    socket.send('hello', from.port, from.address);
  }).bind(5000, address, ready);
}
