import { worker } from 'workerpool';
import storm from './storm-task.ts';

worker({ storm });
