// Databricks' calls about comments on versions and requests for transitions.
import { z } from 'zod';
import type { ReviewAction } from '../../domain/registry/version-operations.js';
import { checkModelName, versionNumber } from '../../domain/registry/rules.js';
import type { Comment, TransitionRequest } from '../../services/registry/reviews.js';
import { assertModel } from '../plugins/auth.js';
import { required, text, versionText, yesNo } from './inputs.js';
import { call, type CallContext } from './protocol.js';

const one = z.object({ name: required("the model's name"), version: versionText });
const ofName = (input: { name: string }) => [input.name];
const target = one.extend({ stage: required('None, Staging, Production or Archived'), comment: text('why') });

const commentJson = (comment: Comment) => ({
  id: comment.id,
  user_id: comment.user,
  comment: comment.comment,
  creation_timestamp: comment.createdAt,
  last_updated_timestamp: comment.updatedAt,
  available_actions: ['EDIT_COMMENT', 'DELETE_COMMENT'],
});

const requestJson = (request: TransitionRequest) => ({
  id: request.id,
  activity_type: 'REQUESTED_TRANSITION',
  user_id: request.user,
  to_stage: request.to,
  from_stage: request.from,
  ...(request.comment === null ? {} : { comment: request.comment }),
  creation_timestamp: request.createdAt,
  last_updated_timestamp: request.updatedAt,
  available_actions: ['APPROVE_TRANSITION_REQUEST', 'REJECT_TRANSITION_REQUEST', 'CANCEL_TRANSITION_REQUEST'],
});

/** The caller's key reaches the model of a comment. */
const reaching =
  ({ services, principal }: CallContext) =>
  async (modelId: string): Promise<void> => {
    const name = await services.registry.read((state) => state.byId(modelId)?.name ?? '');
    assertModel(principal, name);
  };

type Decision = Parameters<CallContext['services']['reviews']['decide']>[0];

const decision = (
  method: 'POST' | 'DELETE',
  path: string,
  action: Decision & ReviewAction,
  activity: string,
  summary: string,
) =>
  call({
    method,
    path: `/transition-requests/${path}`,
    scope: action === 'transition_withdrawn' ? 'ingest' : 'admin',
    summary,
    input: target.extend({
      archive_existing_versions: yesNo('on approval: move the versions that are in the stage to Archived'),
      creator: text('whose request it is'),
    }),
    models: ofName,
    run: async (input, { services, principal, clock }) => {
      const creator = input.creator === undefined || input.creator === '' ? null : input.creator;
      const decided = await services.reviews.decide(
        action,
        {
          name: checkModelName(input.name),
          version: versionNumber(input.version),
          stage: input.stage,
          comment: input.comment ?? null,
          archiveExisting: input.archive_existing_versions ?? false,
          creator: action === 'transition_withdrawn' ? (creator ?? principal.name) : creator,
        },
        principal.name,
      );
      const now = clock();
      return {
        activity: {
          id: decided.id,
          activity_type: activity,
          user_id: principal.name,
          from_stage: decided.from,
          to_stage: decided.to,
          ...(input.comment === undefined ? {} : { comment: input.comment }),
          creation_timestamp: now,
          last_updated_timestamp: now,
        },
      };
    },
  });

export const REVIEW_CALLS = [
  call({
    method: 'POST',
    path: '/comments/create',
    scope: 'ingest',
    summary: 'Comment on a version',
    input: one.extend({ comment: required('the comment') }),
    models: ofName,
    run: async (input, { services, principal }) => {
      const version = versionNumber(input.version);
      const made = await services.reviews.comment(checkModelName(input.name), version, input.comment, principal.name);
      return { comment: commentJson(made) };
    },
  }),
  call({
    method: 'PATCH',
    path: '/comments/update',
    scope: 'admin',
    summary: 'Change a comment',
    input: z.object({ id: required('its id'), comment: required('the new text') }),
    run: async (input, context) => {
      const { services, clock } = context;
      return {
        comment: commentJson(await services.reviews.editComment(input.id, input.comment, reaching(context), clock())),
      };
    },
  }),
  call({
    method: 'DELETE',
    path: '/comments/delete',
    scope: 'admin',
    summary: 'Remove a comment',
    input: z.object({ id: required('its id') }),
    run: async (input, context) => {
      await context.services.reviews.deleteComment(input.id, reaching(context));
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/transition-requests/create',
    scope: 'ingest',
    summary: 'Ask for a version to be moved to a stage',
    input: target,
    models: ofName,
    run: async (input, { services, principal }) => {
      const about = {
        name: checkModelName(input.name),
        version: versionNumber(input.version),
        stage: input.stage,
        comment: input.comment ?? null,
      };
      return { request: requestJson(await services.reviews.request(about, principal.name)) };
    },
  }),
  call({
    method: 'GET',
    path: '/transition-requests/list',
    scope: 'read',
    summary: 'Open requests for a version',
    input: one,
    models: ofName,
    run: async (input, { services }) => {
      const found = await services.reviews.list(checkModelName(input.name), versionNumber(input.version));
      return found.length === 0 ? {} : { requests: found.map(requestJson) };
    },
  }),
  decision('POST', 'approve', 'transition_approved', 'APPROVED_REQUEST', 'Approve a request: the version moves'),
  decision('POST', 'reject', 'transition_rejected', 'REJECTED_REQUEST', 'Reject a request'),
  decision('DELETE', 'delete', 'transition_withdrawn', 'CANCELLED_REQUEST', 'Withdraw a request'),
];
