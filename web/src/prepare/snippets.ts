// How to send a prediction, ready to paste: with the service's address, and a key from the environment where one is needed.

export const SNIPPETS = [
  { key: 'curl', name: 'curl' },
  { key: 'python', name: 'Python' },
  { key: 'typescript', name: 'TypeScript' },
] as const;

/** The text of a snippet. Nothing besides the language's own library is needed. */
export function snippet(kind: (typeof SNIPPETS)[number]['key'], origin: string, authentication: boolean): string {
  const url = `${origin}/v1/predictions`;
  if (kind === 'curl') {
    const key = authentication ? `  -H "Authorization: Bearer $DRIFTLINE_KEY" \\\n` : '';
    return `curl -s ${url} \\\n${key}  -H 'content-type: application/json' \\\n  -d '{"model": "my-model", "version": "1", "prediction_id": "first",\n       "inputs": {"age": 41, "country": "FR"},\n       "outputs": {"label": true, "probability": 0.83}}'`;
  }
  if (kind === 'python') {
    const key = authentication ? `\n             "Authorization": "Bearer " + os.environ["DRIFTLINE_KEY"],` : '';
    return `import json, urllib.request${authentication ? ', os' : ''}

prediction = {
    "model": "my-model", "version": "1", "prediction_id": "first",
    "inputs": {"age": 41, "country": "FR"},
    "outputs": {"label": True, "probability": 0.83},
}
request = urllib.request.Request(
    "${url}", method="POST", data=json.dumps(prediction).encode(),
    headers={"content-type": "application/json",${key}
             })
print(urllib.request.urlopen(request).read().decode())`;
  }
  const key = authentication ? '\n    authorization: `Bearer ${process.env.DRIFTLINE_KEY}`,' : '';
  return `const response = await fetch('${url}', {
  method: 'POST',
  headers: {
    'content-type': 'application/json',${key}
  },
  body: JSON.stringify({
    model: 'my-model', version: '1', prediction_id: 'first',
    inputs: { age: 41, country: 'FR' },
    outputs: { label: true, probability: 0.83 },
  }),
});
console.log(await response.json());`;
}
