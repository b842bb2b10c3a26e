// Audits a server of GraphQL over HTTP: node audit.js URL TOKEN. It prints what fails, and how many of how many hold.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const signedIn = (to, request = {}) =>
  fetch(to, { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } });

const audits = serverAudits({ url, fetchFn: signedIn });
let held = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === 'ok') {
    held++;
  } else {
    console.log(`${audit.id} ${audit.name}: ${result.reason}`);
  }
}
console.log(`${held} of ${audits.length}`);
