// The link between a lab's host and its gate, as both sides have it: what is on the lab's is made by the engine (lab/egress.ts), the other by the broker.
// Slirp's own addresses, which many know from virtual machines. Also without egress a lab asks the name server: it is told at once that there is no way.
export const LAB_SIDE = { link: 'eth0', ip: '10.0.2.15', gateway: '10.0.2.2', dns: '10.0.2.3', prefix: 24, ip6: 'fd00:0:0:1::15', gateway6: 'fd00:0:0:1::2', dns6: 'fd00:0:0:1::3', prefix6: 64 } as const;
