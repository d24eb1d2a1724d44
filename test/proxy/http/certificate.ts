import { generateKeyPairSync, sign } from 'node:crypto';

const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
  const value = Buffer.concat(parts);
  const length =
    value.length < 0x80
      ? Buffer.from([value.length])
      : Buffer.from([0x82, value.length >> 8, value.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, value]);
};
const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, ...parts);
const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');
const time = (text: string): Buffer => tlv(0x18, Buffer.from(text));

/** A key made now and a certificate that it signed for itself, for `localhost`: both as PEM (RFC 5280, 4.1). */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(octets('06082a8648ce3d040302'));
  const name = sequence(tlv(0x31, sequence(octets('0603550403'), tlv(0x0c, Buffer.from('localhost')))));
  const altName = sequence(octets('0603551d11'), tlv(0x04, sequence(tlv(0x82, Buffer.from('localhost')))));
  const isAuthority = sequence(octets('0603551d13'), octets('0101ff'), tlv(0x04, sequence(octets('0101ff'))));
  const toBeSigned = sequence(
    tlv(0xa0, octets('020102')),
    tlv(0x02, octets('01')),
    ecdsaWithSha256,
    name,
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(altName, isAuthority)),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const der = sequence(toBeSigned, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature));
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}
