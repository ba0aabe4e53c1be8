// How each protocol's webhooks prove who sent them.
import { createHmac } from 'node:crypto';

/** Databricks: hexadecimal HMAC-SHA256 of the raw body. */
export function databricksSignature(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** MLflow: `v1,` and base64 HMAC-SHA256 of `delivery id.unix seconds.raw body`. */
export function mlflowSignature(secret: string, deliveryId: string, unixSeconds: string, body: string): string {
  return `v1,${createHmac('sha256', secret).update(`${deliveryId}.${unixSeconds}.${body}`).digest('base64')}`;
}

/** Our own, as of alerts: `t=<unix seconds>,v1=<hexadecimal HMAC-SHA256 of "t.body">`. */
export function driftlineSignature(secret: string, unixSeconds: string, body: string): string {
  return `t=${unixSeconds},v1=${createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex')}`;
}
