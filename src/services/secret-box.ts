// Secrets of others at rest: AES-256-GCM under a key that the service was given, or made at its first start.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { keptKey } from './kept-key.js';
import type { DocumentStore } from './ports.js';

const KEY_NAME = 'secret_key';
const CIPHER = 'aes-256-gcm';
const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals and opens secrets. A sealed secret is bound to what it is for, and opens under no other name. */
export class SecretBox {
  private key: Buffer | null = null;

  /** `given`: the key where one is set; else one is made at the first start and kept in the store. */
  constructor(
    private readonly kept: DocumentStore<{ key: string }>,
    private readonly given: string | null,
  ) {}

  /** Call once at start. */
  async start(): Promise<void> {
    const secret = this.given ?? (await keptKey(this.kept, KEY_NAME));
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'driftline secrets', 32));
  }

  seal(text: string, purpose: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.ready(), nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${VERSION}.${Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')}`;
  }

  /** @throws Error where it was sealed under another key or for another purpose. */
  open(sealed: string, purpose: string): string {
    const [version, body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('this is not a sealed secret');
    const decipher = createDecipheriv(CIPHER, this.ready(), bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      throw new Error('the secret was stored under another key (DRIFTLINE_SECRET_KEY); set it again');
    }
  }

  private ready(): Buffer {
    if (this.key === null) throw new Error('the key of secrets has not been read');
    return this.key;
  }
}
