import { worker } from 'workerpool';
import * as tasks from './tasks.ts';

worker({ ...tasks });
