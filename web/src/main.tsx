// Starts the dashboard.
import { render } from 'preact';
import { App } from './app.js';
import { followLinks } from './lib/location.js';

const root = document.getElementById('app');
if (root !== null) {
  followLinks();
  render(<App />, root);
}
