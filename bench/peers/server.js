// node server.js yoga|mercurius|apollo: serves at http://127.0.0.1:$PORT/graphql what it reads of $DATABASE_URL, by $PROCESSES
// processes with $CONNECTIONS connections to the database in all.
import cluster from 'node:cluster';

const peers = ['yoga', 'mercurius', 'apollo'];
const [peer] = process.argv.slice(2);
if (!peers.includes(peer)) throw new Error(`name one of ${peers.join(', ')}`);
const { DATABASE_URL, PORT, PROCESSES = '1', CONNECTIONS = '32' } = process.env;
const processes = Number(PROCESSES);

if (cluster.isPrimary && processes > 1) {
  for (let i = 0; i < processes; i++) cluster.fork();
  cluster.on('exit', (_, code) => process.exit(code || 1));
  process.on('SIGTERM', () => process.exit(0)); // its workers end when they lose it
} else {
  const { hostname: host, port, username: user, password, pathname } = new URL(DATABASE_URL);
  const { serve } = await import(`./${peer}.js`);
  await serve({ host, port: Number(port), user, password, database: pathname.slice(1) }, Math.max(1, Math.floor(Number(CONNECTIONS) / processes)), Number(PORT));
}
