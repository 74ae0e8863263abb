// An identity provider from outside, `oidc-provider`, on this machine; and, where a story wants it, one that lies: what it
// answers is then bent after it was made.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const { port, client, secret, portal, tls, jwt, kid } = JSON.parse(process.env.PROVIDER);
const issuer = `${tls ? 'https' : 'http'}://localhost:${port}`;

/** Who there is, by what they type in as their name. */
const PEOPLE = {
  durand: { preferred_username: 'dr.durand', roles: ['readers', 'staff'], SubjectNameID: '810001234567' },
  bernard: { preferred_username: 'dr.bernard', roles: ['readers'] },
  stranger: { preferred_username: 'stranger', roles: ['staff'] },
};

async function keyPair(name) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: name, alg: 'RS256', use: 'sig' };
}
const [own, other] = [await keyPair(kid), await keyPair(kid)];

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      redirect_uris: [`${portal}/api/session/provider/callback`],
      post_logout_redirect_uris: [`${portal}/`],
      ...(jwt ? { userinfo_signed_response_alg: 'RS256', token_endpoint_auth_method: 'client_secret_post' } : {}),
    },
  ],
  ...(jwt ? { clientAuthMethods: ['client_secret_post'] } : {}),
  jwks: { keys: [own] },
  cookies: { keys: ['of a story'] },
  scopes: ['openid', 'scope_all'],
  claims: { openid: ['sub'], scope_all: ['preferred_username', 'roles', 'SubjectNameID'] },
  features: { jwtUserinfo: { enabled: true } },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  // Nobody is asked to agree: the client is the house's own.
  async loadExistingGrant({ oidc }) {
    const known = oidc.session.grantIdFor(oidc.client.clientId);
    if (known) return oidc.provider.Grant.find(known);
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid scope_all');
    await grant.save();
    return grant;
  },
});

let mode = 'honest';

const text = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What becomes of the claims and the signature of an ID token. */
const BENT = {
  audience: claims => ({ ...claims, aud: 'somebody-else' }),
  party: claims => ({ ...claims, aud: [client, 'somebody-else'] }),
  issuer: claims => ({ ...claims, iss: 'https://somebody-else.example' }),
  nonce: claims => ({ ...claims, nonce: 'of another sign-in' }),
  expired: claims => ({ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }),
  strong: claims => ({ ...claims, acr: 'eidas1' }),
  key: claims => claims,
  none: claims => claims,
  shared: claims => claims,
};

async function bend(token) {
  const claims = BENT[mode](JSON.parse(Buffer.from(token.split('.')[1], 'base64url')));
  if (mode === 'none') return `${text({ alg: 'none' })}.${text(claims)}.`;
  if (mode === 'shared') {
    const signed = `${text({ alg: 'HS256' })}.${text(claims)}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(mode === 'key' ? other : own);
}

provider.use(async (ctx, next) => {
  await next();
  const route = ctx.oidc?.route;
  // Its page is to be looked at without a network.
  if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url\([^)]*\);?/, '');
  if (route === 'token' && ctx.body?.id_token && BENT[mode]) ctx.body.id_token = await bend(ctx.body.id_token);
  if (route === 'userinfo' && mode === 'subject') ctx.body = { ...ctx.body, sub: 'somebody-else' };
  if (route === 'discovery' && mode === 'endless') ctx.body = { ...ctx.body, more: 'x'.repeat(1 << 20) };
  if (route === 'discovery' && mode === 'another') ctx.body = { ...ctx.body, issuer: 'https://somebody-else.example' };
  if (route === 'discovery' && mode === 'plain') ctx.body = { ...ctx.body, token_endpoint: 'http://somebody-else.example/token' };
});

const answer = provider.callback();
function serve(request, response) {
  const wanted = /^\/story\/(\w+)$/.exec(request.url ?? '');
  if (!wanted) return answer(request, response);
  mode = wanted[1];
  response.end(mode);
}
const server = tls
  ? https.createServer({ cert: readFileSync(tls.certificate), key: readFileSync(tls.key) }, serve)
  : http.createServer(serve);
server.listen(port, '127.0.0.1');
