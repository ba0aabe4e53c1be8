// Starts the dashboard.
import { render } from 'preact';
import { App } from './app.js';
import { tellBusy } from './lib/busy.js';
import { followLinks } from './lib/location.js';

const root = document.getElementById('app');
if (root !== null) {
  tellBusy();
  followLinks();
  render(<App />, root);
}
