// The pool of connections that all peers have: as the product's, in number and isolation.
const settings = {
  timezone: 'Z',
  dateStrings: true, // moments to the microsecond, which a Date loses
  supportBigNumbers: true, // what does not fit a number comes as a text
  charset: 'utf8mb4_bin',
  maxPreparedStatements: 1000,
};

export const poolOptions = (at, connections) => ({ ...at, ...settings, connectionLimit: connections, maxIdle: connections });

// prepare tells a connection how transactions work on it, and how reports are read: of a year, MariaDB would sum what a term
// counted again for each of them, which takes minutes.
export function prepare(connection) {
  connection.query("SET SESSION optimizer_switch = 'split_materialized=off'");
  connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  connection.query('SET SESSION innodb_snapshot_isolation = OFF');
}

const again = new Set([1020, 1205, 1213]);
const tries = 24;

// retried runs the whole of a transaction again where it met others.
export async function retried(work) {
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      const errno = error.errno ?? error.cause?.errno;
      if (n === tries || !(again.has(errno) || errno === 1062)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, Math.random() * 10 * n); });
    }
  }
}
