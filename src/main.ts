// Starts the service with the settings of the environment.
import { loadConfig } from './config.js';
import { serve } from './service.js';

await serve(loadConfig);
