// An OpenID provider that is certified (npm's oidc-provider), in which every login gets in by any password.
// server.mjs FOLDER: server.pem and clients.json are there. Prints the port.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const folder = process.argv[2];
const pem = readFileSync(`${folder}/server.pem`);
const server = https.createServer({ cert: pem, key: pem });
server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const provider = new Provider(`https://localhost:${port}`, {
        clients: JSON.parse(readFileSync(`${folder}/clients.json`)),
        claims: { openid: ['sub'], profile: ['groups', 'preferred_username'] },
        // The dev pages need no more than this for an account.
        findAccount: (_, id) => ({
            accountId: id,
            claims: () => ({ sub: id, preferred_username: id, groups: id === 'anna' ? ['hosts'] : [] }),
        }),
    });
    server.on('request', provider.callback());
    console.log(port);
});
