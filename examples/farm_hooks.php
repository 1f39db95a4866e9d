<?php
/*
 * Hooks for a farm.toml: what tests change behind the back of a bot on a MediaWiki.
 *
 * FARM_COMMAND names the hook, and variables such as FARM_USER hold its values. Run it as
 * the user of the web server. With several wikis, name the settings of one by the variable
 * MW_CONFIG_FILE in the command line of the hook.
 */
use MediaWiki\MediaWikiServices;
use MediaWiki\Session\SessionManager;

$installed = getenv( 'MW_INSTALL_PATH' ) ?: '/usr/share/mediawiki';
require_once "$installed/maintenance/Maintenance.php";

class FarmHooks extends Maintenance {
	public function execute() {
		switch ( getenv( 'FARM_COMMAND' ) ) {
			case 'end-sessions':
				SessionManager::singleton()->invalidateSessionsForUser( $this->account() );
				// What was cached of an account just before it changed is still used for up to
				// WANObjectCache::RECENT_SET_HIGH_MS, since purges are dated in whole seconds.
				usleep( 100000 );
				break;
			case 'wipe-sessions':
				// All that the store keeps for a time: sessions, but also cached values.
				$store = ObjectCache::getInstance( $GLOBALS['wgSessionCacheType'] );
				$store->deleteObjectsExpiringBefore( '99991231235958' );
				break;
			case 'demote':
				$groups = MediaWikiServices::getInstance()->getUserGroupManager();
				foreach ( $groups->getUserGroups( $this->account() ) as $group ) {
					$groups->removeUserFromGroup( $this->account(), $group );
				}
				break;
			case 'promote':
				$groups = MediaWikiServices::getInstance()->getUserGroupManager();
				$groups->addUserToGroup( $this->account(), getenv( 'FARM_GROUP' ) ?: 'sysop' );
				break;
			case 'set-readonly':
				$reason = getenv( 'FARM_REASON' );
				$file = $GLOBALS['wgUploadDirectory'] . '/lock_yBgMBwiR';
				if ( $reason ) {
					file_put_contents( $file, $reason );
				} elseif ( file_exists( $file ) ) {
					unlink( $file );
				}
				break;
			default:
				$this->fatalError( 'there is no such hook' );
		}
	}

	/** Return the account that the hook concerns. */
	private function account(): User {
		$user = User::newFromName( (string)getenv( 'FARM_USER' ) );
		if ( !$user || !$user->getId() ) {
			$this->fatalError( 'there is no such account' );
		}
		return $user;
	}
}

$maintClass = FarmHooks::class;
require_once RUN_MAINTENANCE_IF_MAIN;
